/* ---
title: Equipment ordered, not come
why: A walker, oxygen or a bed that is missing on the first night brings falls and another ride to the hospital.
kind: deadline
question: Does {patient} have the {item} that was ordered?
reason: "{item} was ordered on {ordered_on}; nobody says that it came."
met: "{item}, ordered on {ordered_on}, is there."
excluded:
  refused: "{patient} does not want the {item}."
next_step: Call the person and the supplier
missing:
  exact_day: "The day of the order, or of a stay since, is known only by its month. Ask who ordered it."
authority:
  name: AHRQ Re-Engineered Discharge (RED), equipment organized before going home; two days is a project choice
  edition: "2013"
  url: https://www.ahrq.gov/patient-safety/settings/hospital/red/toolkit/index.html
  valid_from: 2013-03-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 3
needs: [person, device_request, device, contact_made, finished_stay, current_stay, settled, concept_words, value_set_code, as_of]
--- */
-- Orders of the last 45 days that stand. Written in a stay, the days run from the discharge. The equipment itself on the
-- person's record (a device of the same sort), or a word that it came, answers it.
with ordered as (
    select o.patient_id, o.id, o.code, o.status, 'order:' || cast(o.id as varchar(20)) as subject, o.authored_from_day, o.authored_to_day,
           case when f.end_from_day > o.authored_from_day then f.end_from_day else o.authored_from_day end as from_day
    from device_request o
    join person p on p.patient_id = o.patient_id
    cross join as_of a
    left join finished_stay f on f.patient_id = o.patient_id and f.id = o.encounter_id
    left join current_stay c on c.patient_id = o.patient_id and c.start_from_day <= o.authored_to_day
    where o.same_as = o.id and o.status in ('active', 'completed') and o.authored_from_day <= a.day
      and o.authored_to_day > a.day - 45 and c.id is null
),
came as (
    select o.patient_id, o.subject, 'device' as fact_table, d.id
    from ordered o
    join device d on d.patient_id = o.patient_id and d.code = o.code
    where d.status = 'active' and d.same_as = d.id
    union
    select o.patient_id, o.subject, 'communication', c.id
    from ordered o
    join contact_made c on c.patient_id = o.patient_id and c.about_id = o.id
    join value_set_code v on v.code = c.topic and v.value_set = 'work_equipment_came'
),
first_came as (
    select patient_id, subject, fact_table, id,
           row_number() over (partition by patient_id, subject order by id nulls last) as place
    from came
),
word as (
    select o.patient_id, o.subject, s.is_decision, s.fact_table, s.fact_id as id,
           row_number() over (partition by o.patient_id, o.subject
                              order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from ordered o
    join settled s on s.patient_id = o.patient_id and s.about_id = o.id
),
answer as (
    select o.patient_id, o.subject, o.authored_from_day, o.authored_to_day, o.from_day, coalesce(w.words, 'equipment') as item,
           case when b.id is not null or s.is_decision = 1 or o.status = 'completed' then 'MET'
                when s.is_decision = 0 then 'EXCLUDED'
                else 'DUE' end as status
    from ordered o
    left join first_came b on b.patient_id = o.patient_id and b.subject = o.subject and b.place = 1
    left join word s on s.patient_id = o.patient_id and s.subject = o.subject and s.place = 1
    left join concept_words w on w.code = o.code
),
evidence as (
    select o.patient_id, o.subject, 'device_request' as fact_table, o.id as fact_id, 'order' as role from ordered o
    union all
    select b.patient_id, b.subject, b.fact_table, b.id, 'came' from first_came b where b.place = 1
    union all
    select w.patient_id, w.subject, w.fact_table, w.id, 'word' from word w where w.place = 1
)
select q.patient_id, q.subject, q.status, q.from_day + 1 as opens_on, q.from_day + 2 as due_on,
       q.authored_to_day + 45 as lapses_on, q.authored_to_day + 45 as recheck_on,
       case when q.status = 'EXCLUDED' then 'refused' end as missing,
       q.item as say_item, q.authored_from_day as say_ordered_on
from answer q

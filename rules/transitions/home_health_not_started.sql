/* ---
title: Home health care not started
why: Wounds, lines and new medicines cannot wait; the first visit at home is due within two days of going home or of the referral.
kind: deadline
question: Has home health care for {patient} begun?
reason: "Home health care was ordered on {ordered_on}; counted from {from_on} two days have to be enough, and no visit at home is on record."
met: "Home health care was ordered on {ordered_on} and has begun."
excluded:
  refused: "{patient} does not want home health care."
next_step: Call the home health agency for the day of the first visit
missing:
  exact_day: "The day of the order, of coming home or of the first visit at home is known only by its month. Ask the home health agency."
authority:
  name: 42 CFR 484.55(a), initial assessment visit within 48 hours of referral or of the return home
  edition: "2024"
  url: https://www.ecfr.gov/current/title-42/chapter-IV/subchapter-G/part-484/subpart-B/section-484.55
  valid_from: 2018-01-13
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: referral
harm: 4
needs: [person, active_order, finished_stay, current_stay, outpatient_visit, encounter, done_procedure, settled, value_set_code, as_of]
--- */
-- Orders of the last 45 days. Written in a stay, the two days run from the discharge; while the stay goes on nothing is
-- asked. A visit at home after that day, or a home health service, answers it; an appointment does not.
with ordered as (
    select o.patient_id, o.id, 'order:' || cast(o.id as varchar(20)) as subject, o.authored_from_day, o.authored_to_day,
           case when f.end_from_day > o.authored_from_day then f.end_from_day else o.authored_from_day end as from_day
    from active_order o
    join person p on p.patient_id = o.patient_id
    join value_set_code v on v.code = o.code and v.value_set = 'home_health'
    cross join as_of a
    left join finished_stay f on f.patient_id = o.patient_id and f.id = o.encounter_id
    left join current_stay c on c.patient_id = o.patient_id and c.start_from_day <= o.authored_to_day
    where o.authored_to_day > a.day - 45 and c.id is null
),
begun as (
    select o.patient_id, o.subject, 'encounter' as fact_table, e.id
    from ordered o
    join outpatient_visit e on e.patient_id = o.patient_id and e.start_from_day >= o.from_day
    left join value_set_code v on v.code = e.code and v.value_set = 'home_health'
    where e.class_code = 'HH' or v.code is not null
    union
    select o.patient_id, o.subject, 'procedure', d.id
    from ordered o
    join done_procedure d on d.patient_id = o.patient_id and d.done_from_day >= o.from_day
    join value_set_code v on v.code = d.code and v.value_set = 'home_health'
),
first_visit as (
    select patient_id, subject, fact_table, id,
           row_number() over (partition by patient_id, subject order by id nulls last) as place
    from begun
),
word as (
    select o.patient_id, o.subject, s.is_decision, s.fact_table, s.fact_id as id,
           row_number() over (partition by o.patient_id, o.subject
                              order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from ordered o
    join settled s on s.patient_id = o.patient_id and s.about_id = o.id
),
answer as (
    select o.patient_id, o.subject, o.authored_from_day, o.from_day,
           case when b.id is not null or w.is_decision = 1 then 'MET'
                when w.is_decision = 0 then 'EXCLUDED'
                else 'DUE' end as status
    from ordered o
    left join first_visit b on b.patient_id = o.patient_id and b.subject = o.subject and b.place = 1
    left join word w on w.patient_id = o.patient_id and w.subject = o.subject and w.place = 1
),
evidence as (
    select o.patient_id, o.subject, 'service_request' as fact_table, o.id as fact_id, 'order' as role from ordered o
    union all
    select b.patient_id, b.subject, b.fact_table, b.id, 'visit at home' from first_visit b where b.place = 1
    union all
    select w.patient_id, w.subject, w.fact_table, w.id, 'word' from word w where w.place = 1
)
select q.patient_id, q.subject, q.status, q.from_day + 1 as opens_on, q.from_day + 2 as due_on,
       o.authored_to_day + 45 as lapses_on, o.authored_to_day + 45 as recheck_on,
       case when q.status = 'EXCLUDED' then 'refused' end as missing,
       q.authored_from_day as say_ordered_on, q.from_day as say_from_on
from answer q
join ordered o on o.patient_id = q.patient_id and o.subject = q.subject

/* ---
title: Weight going up in heart failure
why: Water shows on the scale days before breath gets short; a call now can save a hospital stay.
kind: risk
question: Has anybody called {patient} about the weight?
reason: "{weight} on {taken_on}, from {before} on {before_on}; with heart failure that much in {days} days is water until shown otherwise."
met: "{weight} on {taken_on}, from {before} on {before_on}; called or seen since."
excluded:
  hospice: "{patient} is in hospice or palliative care."
next_step: "Call today: breath, swelling, salt, water tablets; then the clinician"
missing:
  day: The day of the last weight is not known exactly.
authority:
  name: American Heart Association, self-check for heart failure (more than 2 to 3 pounds in 24 hours, 5 pounds in a week)
  edition: "2023"
  url: https://www.heart.org/en/health-topics/heart-failure
  valid_from: 2013-06-05
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 5
needs: [person, active_condition, final_result, contact_made, outpatient_visit, emergency_visit, current_stay, hospice_care, value_set_code, as_of]
--- */
-- The last weight, of the last seven days, against the least of the seven days before it: 3 pounds (1.36 kg) over a day, or 5
-- pounds (2.27 kg) over up to seven. Weights in pounds are counted as they are. A contact or visit on that day or later
-- answers it; so does a stay in hospital. A newer weight is judged anew.
with failing as (
    select p.patient_id, min(c.id) as condition_id
    from person p
    join active_condition c on c.patient_id = p.patient_id
    join value_set_code v on v.code = c.code and v.value_set = 'heart_failure'
    group by p.patient_id
),
weight as (
    select o.patient_id, f.condition_id, o.id, o.taken_from_day, o.taken_to_day, o.value_text || ' ' || o.value_unit as value_words,
           case when o.value_unit = 'kg' then o.value_micro * 100000 else o.value_micro * 45359 end as size,
           row_number() over (partition by o.patient_id
                              order by o.taken_to_day desc nulls last, o.taken_at desc nulls last, o.id desc nulls last) as place
    from failing f
    join final_result o on o.patient_id = f.patient_id
    join value_set_code v on v.code = o.code and v.value_set = 'body_weight'
    cross join as_of a
    where o.value_unit in ('kg', '[lb_av]') and o.taken_to_day > a.day - 14
),
compared as (
    select n.patient_id, n.condition_id, n.id, n.taken_from_day, n.taken_to_day, n.value_words, b.id as before_id,
           b.taken_to_day as before_day, b.value_words as before_words, n.taken_to_day - b.taken_to_day as days,
           row_number() over (partition by n.patient_id order by b.size nulls last, b.taken_to_day desc nulls last, b.id nulls last) as place
    from weight n
    cross join as_of a
    join weight b on b.patient_id = n.patient_id and b.taken_to_day >= n.taken_to_day - 7 and b.taken_to_day < n.taken_to_day
    where n.place = 1 and n.taken_to_day > a.day - 7
      and n.size - b.size >= case when n.taken_to_day - b.taken_to_day = 1 then 136000000000 else 227000000000 end
),
gained as (
    select patient_id, condition_id, id, 'result:' || cast(id as varchar(20)) as subject, taken_from_day, taken_to_day, value_words,
           before_id, before_day, before_words, days
    from compared
    where place = 1
),
answered as (
    select g.patient_id, 'communication' as fact_table, c.id
    from gained g
    join contact_made c on c.patient_id = g.patient_id and c.sent_from_day >= g.taken_to_day
    union
    select g.patient_id, 'encounter', e.id
    from gained g
    join outpatient_visit e on e.patient_id = g.patient_id and e.start_from_day >= g.taken_to_day
    union
    select g.patient_id, 'encounter', e.id
    from gained g
    join emergency_visit e on e.patient_id = g.patient_id and e.start_from_day >= g.taken_to_day
    union
    select g.patient_id, 'encounter', s.id
    from gained g
    join current_stay s on s.patient_id = g.patient_id
),
first_answer as (
    select patient_id, fact_table, id, row_number() over (partition by patient_id order by id nulls last) as place
    from answered
),
evidence as (
    select patient_id, subject, 'observation' as fact_table, id as fact_id, 'weight' as role from gained
    union all
    select patient_id, subject, 'observation', before_id, 'weight before' from gained
    union all
    select patient_id, subject, 'condition', condition_id, 'heart failure' from gained
    union all
    select g.patient_id, g.subject, f.fact_table, f.id, 'answer'
    from gained g
    join first_answer f on f.patient_id = g.patient_id and f.place = 1
    union all
    select g.patient_id, g.subject, h.fact_table, h.fact_id, 'exclusion'
    from gained g
    join hospice_care h on h.patient_id = g.patient_id
)
select g.patient_id, g.subject,
       case when h.patient_id is not null then 'EXCLUDED'
            when f.id is not null then 'MET'
            when g.taken_from_day < g.taken_to_day then 'UNKNOWN'
            else 'DUE' end as status,
       g.taken_from_day as opens_on, g.taken_from_day as due_on, g.taken_to_day + 7 as lapses_on, g.taken_to_day + 7 as recheck_on,
       case when h.patient_id is not null then 'hospice'
            when f.id is null and g.taken_from_day < g.taken_to_day then 'day' end as missing,
       g.value_words as say_weight, g.taken_from_day as say_taken_on, g.before_words as say_before, g.before_day as say_before_on,
       g.days as say_days
from gained g
left join first_answer f on f.patient_id = g.patient_id and f.place = 1
left join (select distinct patient_id from hospice_care) h on h.patient_id = g.patient_id

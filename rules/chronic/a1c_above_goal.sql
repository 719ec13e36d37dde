/* ---
title: A1c above goal, not measured again after three months
why: Above goal something should change, and three months later the blood shows whether it helped; half a year is too long to find out that it did not.
kind: gap
question: Is {patient}'s next A1c test arranged?
reason: "A1c {value} on {taken_on}, above the goal of {goal}; the next one was due by {next_on}."
met: "A1c {value} on {taken_on} is above the goal of {goal}; the next one is due by {next_on}."
excluded:
  hospice: "{patient} is in hospice or palliative care."
  frail: "{patient} lives in a nursing home, or is frail and gravely ill; from 66 on the clinician sets the goal."
  declined: "{patient} declined the test."
next_step: Ask for the A1c test and book it; ask what stands in the way of the goal
missing:
  day: The day of the last A1c is not known exactly.
authority:
  name: American Diabetes Association, Standards of Care in Diabetes, section 6 (at least quarterly when not meeting goals)
  edition: "2025"
  url: https://diabetesjournals.org/care/issue/48/Supplement_1
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: book
folds_into: "draw:lab"
books: loinc|4548-4
harm: 3
needs: [person, active_condition, final_result, active_goal, future_appointment, hospice_care, too_frail, said_no, value_set_code, as_of]
--- */
-- The goal is the person's own (an active goal measured by A1c), else under 7, or under 8 from 75 years on. Counted from the
-- last A1c: due after 91 days, lapsing after 183, when the check of every diabetes (diabetes_a1c) speaks. Booked is not
-- done: it rests until the day.
with diabetic as (
    select p.patient_id, p.age_low, min(c.id) as condition_id
    from person p
    join active_condition c on c.patient_id = p.patient_id
    join value_set_code v on v.code = c.code and v.value_set = 'diabetes'
    group by p.patient_id, p.age_low
),
own_goal as (
    select g.patient_id, min(g.target_micro) as target_micro
    from active_goal g
    join value_set_code v on v.code = g.measure and v.value_set = 'a1c'
    where g.target_unit = '%'
    group by g.patient_id
),
reading as (
    select d.patient_id, d.condition_id, o.id, o.taken_from_day, o.taken_to_day, o.value_micro, o.value_unit, o.value_text || ' %' as value_words,
           coalesce(g.target_micro, case when d.age_low >= 75 then 8000000 else 7000000 end) as goal_micro,
           row_number() over (partition by d.patient_id
                              order by o.taken_to_day desc nulls last, o.taken_at desc nulls last, o.id desc nulls last) as place
    from diabetic d
    join final_result o on o.patient_id = d.patient_id
    join value_set_code v on v.code = o.code and v.value_set = 'a1c'
    left join own_goal g on g.patient_id = d.patient_id
    cross join as_of a
    where o.taken_to_day > a.day - 183
),
high as (
    select r.patient_id, r.condition_id, r.id, r.taken_from_day, r.taken_to_day, r.value_words, r.goal_micro,
           case r.goal_micro when 8000000 then '8 %' when 7000000 then '7 %' else 'their own plan' end as goal_words
    from reading r
    where r.place = 1 and r.value_unit = '%' and r.value_micro >= r.goal_micro
),
booked as (
    select h.patient_id, min(b.start_from_day) as day
    from high h
    join future_appointment b on b.patient_id = h.patient_id
    join value_set_code v on v.code = b.code and v.value_set = 'a1c'
    where b.status = 'booked'
    group by h.patient_id
),
declined as (
    select h.patient_id, n.fact_table, n.fact_id
    from high h
    join said_no n on n.patient_id = h.patient_id and n.day >= h.taken_from_day
    join value_set_code v on v.code = n.code and v.value_set = 'a1c'
),
barred as (
    select h.patient_id, 1 as weight, c.fact_table, c.fact_id
    from high h
    join hospice_care c on c.patient_id = h.patient_id
    union all
    select h.patient_id, 2 as weight, f.fact_table, f.fact_id
    from high h
    join too_frail f on f.patient_id = h.patient_id and f.from_age = 66
),
answer as (
    select h.patient_id, h.taken_from_day, h.taken_to_day, h.value_words, h.goal_words, b.day as booked_day,
           case when x.reason_out is not null or n.patient_id is not null then 'EXCLUDED'
                when h.taken_from_day + 91 > a.day then 'MET'
                when h.taken_from_day < h.taken_to_day then 'UNKNOWN'
                else 'DUE' end as status,
           case x.reason_out when 1 then 'hospice' when 2 then 'frail' else 'declined' end as reason_out
    from high h
    cross join as_of a
    left join booked b on b.patient_id = h.patient_id
    left join (select patient_id, min(weight) as reason_out from barred group by patient_id) x on x.patient_id = h.patient_id
    left join (select distinct patient_id from declined) n on n.patient_id = h.patient_id
),
change as (
    select patient_id, taken_to_day + 183 as day from answer
    union all
    select q.patient_id, q.taken_from_day + 91 from answer q cross join as_of a where q.taken_from_day + 91 > a.day
    union all
    select patient_id, booked_day + 1 from answer where booked_day is not null
    union all
    select q.patient_id, a.day + 90 from answer q cross join as_of a
),
next_change as (
    select patient_id, min(day) as day from change group by patient_id
),
evidence as (
    select patient_id, 'check:diabetes_a1c' as subject, 'observation' as fact_table, id as fact_id, 'last value' as role from high
    union all
    select patient_id, 'check:diabetes_a1c', 'condition', condition_id, 'diabetes' from high
    union all
    select patient_id, 'check:diabetes_a1c', fact_table, fact_id, 'declined' from declined
    union all
    select patient_id, 'check:diabetes_a1c', fact_table, fact_id, 'exclusion' from barred
)
select q.patient_id, 'check:diabetes_a1c' as subject, q.status,
       coalesce(q.booked_day + 1, q.taken_from_day + 77) as opens_on, q.taken_from_day + 91 as due_on,
       q.taken_to_day + 183 as lapses_on, c.day as recheck_on,
       case when q.status = 'EXCLUDED' then q.reason_out when q.status = 'UNKNOWN' then 'day' end as missing,
       q.value_words as say_value, q.taken_from_day as say_taken_on, q.goal_words as say_goal, q.taken_from_day + 91 as say_next_on,
       'A1c test' as say_test
from answer q
join next_change c on c.patient_id = q.patient_id

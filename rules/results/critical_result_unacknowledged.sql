/* ---
title: Critical result nobody has seen
why: A laboratory marks a result critical when a life may hang on it; somebody has to say that they have read it.
kind: deadline
question: Has a clinician seen {patient}'s critical {test}?
reason: "{test}: {value} on {taken_on}, marked critical by the laboratory. Nobody has said that they have seen it."
met: "{test}: {value} on {taken_on}, marked critical by the laboratory; a clinician has seen it."
next_step: Call the clinician who ordered it; emergency care if nobody answers
missing:
  exact_day: "The day of the result is known only by its month. Ask the laboratory."
authority:
  name: Joint Commission NPSG.02.03.01, report critical results of tests on a timely basis
  edition: "2024"
  url: https://www.jointcommission.org/
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: result
harm: 5
unknown: ask
needs: [person, final_result, concept_words, task, settled, value_set_code, as_of]
--- */
-- A result of the last 30 days that its laboratory marked critical (HH, LL, AA or off the scale). Due the same day. MET by
-- a clinician's acknowledgement or decision; telling the person is not enough. A refusal by the person changes nothing.
with critical as (
    select o.patient_id, o.id, 'result:' || cast(o.id as varchar(20)) as subject, o.taken_from_day,
           case when o.taken_to_day > a.day then a.day else o.taken_to_day end + 30 as last_day,
           coalesce(w.words, 'result') as test,
           coalesce(o.value_text || coalesce(' ' || o.value_unit, ''), o.value_words, 'critical') as value_words
    from final_result o
    join person p on p.patient_id = o.patient_id
    left join concept_words w on w.code = o.code
    cross join as_of a
    where o.interpretation in ('HH', 'LL', 'AA', 'HU', 'LU') and o.taken_to_day > a.day - 30
),
seen as (
    select c.patient_id, c.subject, t.id, t.authored_from_day as day
    from critical c
    join task t on t.patient_id = c.patient_id and t.focus_id = c.id
    join value_set_code v on v.code = t.code and v.value_set = 'work_result_acknowledged'
    cross join as_of a
    where t.status = 'completed' and t.authored_from_day <= a.day
    union
    select c.patient_id, c.subject, s.fact_id, s.settled_day
    from critical c
    join settled s on s.patient_id = c.patient_id and s.about_id = c.id
    where s.is_decision = 1
),
first_seen as (
    select patient_id, subject, id,
           row_number() over (partition by patient_id, subject order by day nulls last, id nulls last) as place
    from seen
),
answer as (
    select c.patient_id, c.subject, c.taken_from_day, c.last_day, c.test, c.value_words,
           case when s.id is not null then 'MET'
                else 'DUE' end as status
    from critical c
    left join first_seen s on s.patient_id = c.patient_id and s.subject = c.subject and s.place = 1
),
evidence as (
    select patient_id, subject, 'observation' as fact_table, id as fact_id, 'result' as role from critical
    union all
    select patient_id, subject, 'task', id, 'acknowledgement' from first_seen where place = 1
)
select q.patient_id, q.subject, q.status,
       q.taken_from_day as opens_on, q.taken_from_day as due_on, q.last_day as lapses_on, q.last_day as recheck_on,
       cast(null as varchar(20)) as missing,
       q.test as say_test, q.value_words as say_value, q.taken_from_day as say_taken_on
from answer q

/* ---
title: Abnormal result nobody has looked at
why: One abnormal result in fourteen is never passed on, because everybody thinks somebody else has seen it.
kind: deadline
question: Has the clinician who ordered it seen {patient}'s {test}?
reason: "{count} abnormal in the {test} of {taken_on}; since then no word of a clinician, no visit and no repeat."
met: "{count} abnormal in the {test} of {taken_on}; looked at since."
next_step: Send the result to the clinician who ordered it and ask what is to be done
missing:
  exact_day: "The day of the result, or of a visit since, is known only by its month. Ask the laboratory."
authority:
  name: Joint Commission NPSG.02.03.01 and ONC SAFER Guide on test results; one day after an urgent order and fourteen after any other are project choices
  edition: "2024"
  url: https://www.jointcommission.org/
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: result
harm: 4
needs: [person, final_result, placed_order, task, settled, contact_made, outpatient_visit, concept_words, value_set_code, as_of]
--- */
-- Results of the last 60 days that answer an order and that the laboratory flagged H, L, A or POS, or critical; all of one order together.
-- Looked at means: a clinician's acknowledgement or decision about one of them, a contact about one, a visit after the day, or
-- the same test again. One day after a stat, urgent or asap order, else fourteen. Critical ones have a rule of their own.
with flagged as (
    select o.patient_id, s.id as order_id, s.code as order_code, 'order:' || cast(s.id as varchar(20)) as subject, o.id, o.code,
           o.taken_from_day, o.taken_to_day, case when s.priority in ('stat', 'urgent', 'asap') then 1 else 14 end as days
    from final_result o
    join person p on p.patient_id = o.patient_id
    join placed_order s on s.patient_id = o.patient_id and s.id = o.order_id
    cross join as_of a
    where o.interpretation in ('H', 'L', 'A', 'POS') and o.taken_to_day > a.day - 60
),
grouped as (
    select patient_id, order_id, order_code, subject, min(days) as days, max(taken_from_day) as from_day, max(taken_to_day) as to_day, count(*) as results
    from flagged
    group by patient_id, order_id, order_code, subject
),
looked as (
    select f.patient_id, f.subject, 'task' as fact_table, t.id, t.authored_from_day as day
    from flagged f
    join task t on t.patient_id = f.patient_id and t.focus_id in (f.id, f.order_id)
    join value_set_code v on v.code = t.code and v.value_set = 'work_result_acknowledged'
    cross join as_of a
    where t.status = 'completed' and t.same_as = t.id and t.authored_from_day <= a.day
    union
    select f.patient_id, f.subject, s.fact_table, s.fact_id, s.settled_day
    from flagged f
    join settled s on s.patient_id = f.patient_id and s.about_id in (f.id, f.order_id)
    where s.is_decision = 1
    union
    select f.patient_id, f.subject, 'communication', c.id, c.sent_from_day
    from flagged f
    join contact_made c on c.patient_id = f.patient_id and c.about_id in (f.id, f.order_id)
    union
    select g.patient_id, g.subject, 'encounter', e.id, e.start_from_day
    from grouped g
    join outpatient_visit e on e.patient_id = g.patient_id and e.start_from_day > g.to_day
    union
    select f.patient_id, f.subject, 'observation', r.id, r.taken_from_day
    from flagged f
    join final_result r on r.patient_id = f.patient_id and r.code = f.code and r.taken_from_day > f.taken_to_day
),
first_look as (
    select patient_id, subject, fact_table, id,
           row_number() over (partition by patient_id, subject order by day nulls last, id nulls last) as place
    from looked
),
evidence as (
    select patient_id, subject, 'observation' as fact_table, id as fact_id, 'result' as role from flagged
    union all
    select patient_id, subject, 'service_request', order_id, 'order' from grouped
    union all
    select patient_id, subject, fact_table, id, 'looked at' from first_look where place = 1
)
select g.patient_id, g.subject,
       case when l.id is not null then 'MET' else 'DUE' end as status,
       g.from_day + g.days as opens_on, g.from_day + g.days as due_on, g.to_day + 60 as lapses_on, g.to_day + 60 as recheck_on,
       cast(null as varchar(20)) as missing,
       coalesce(t.words, 'test') as say_test, g.from_day as say_taken_on,
       case when g.results = 1 then 'One value is' else cast(g.results as varchar(20)) || ' values are' end as say_count
from grouped g
left join first_look l on l.patient_id = g.patient_id and l.subject = g.subject and l.place = 1
left join concept_words t on t.code = g.order_code

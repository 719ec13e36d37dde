/* ---
title: Test ordered but never done
why: One in five tests that doctors order is never done, and nobody notices because no result comes.
kind: gap
question: Was the {test} that was ordered for {patient} done?
reason: "{test} was ordered on {ordered_on}, to be done by {wanted_on}; no result and no report of it is here.{booked}"
met: "{test}, ordered on {ordered_on}, was done."
excluded:
  refused: "{patient} does not want the {test}."
next_step: Call the person; help with the booking, or ask the clinician whether it is still wanted
missing:
  exact_day: "The day of the order, or of the test, is known only by its month. Ask who ordered it."
authority:
  name: AHRQ Improving Your Laboratory Testing Process; the days by urgency are a project choice
  edition: "2013"
  url: https://www.ahrq.gov/hai/tools/ambulatory-care/lab-testing-toolkit.html
  valid_from: 2013-08-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 3
needs: [person, active_order, encounter, done_test, future_appointment, settled, concept_words, value_set_code, as_of]
--- */
-- Orders for laboratory tests and pictures that are still active, not written in a hospital stay or emergency room (the
-- rule for results out at discharge follows those). Wanted by the day on the order, else 1 day after a stat order, 7 after
-- an urgent one, 30 after any other. A result, report or procedure that names the order, or is of the same sort and not
-- older than it, answers it. A booking only rests it. Half a year after its day it lapses.
with ordered as (
    select o.patient_id, o.id, o.code, 'order:' || cast(o.id as varchar(20)) as subject, o.authored_from_day, o.authored_to_day,
           coalesce(o.wanted_to_day, o.authored_from_day + case when o.priority = 'stat' then 1
                                                                when o.priority in ('urgent', 'asap') then 7
                                                                else 30 end) as due_day
    from active_order o
    join person p on p.patient_id = o.patient_id
    join value_set_code v on v.code = o.category and v.value_set = 'ordered_test'
    left join encounter e on e.patient_id = o.patient_id and e.id = o.encounter_id
    where coalesce(e.class_code, 'AMB') not in ('IMP', 'ACUTE', 'NONAC', 'EMER', 'OBSENC')
),
live as (
    select o.patient_id, o.id, o.code, o.subject, o.authored_from_day, o.authored_to_day, o.due_day
    from ordered o
    cross join as_of a
    where o.due_day > a.day - 183
),
done as (
    select o.patient_id, o.subject, d.fact_table, d.fact_id
    from live o
    join done_test d on d.patient_id = o.patient_id and d.order_id = o.id
    union
    select o.patient_id, o.subject, d.fact_table, d.fact_id
    from live o
    join done_test d on d.patient_id = o.patient_id and d.code = o.code and d.from_day >= o.authored_from_day
),
first_done as (
    select patient_id, subject, fact_table, fact_id,
           row_number() over (partition by patient_id, subject order by fact_id nulls last) as place
    from done
),
booked as (
    select o.patient_id, o.subject, min(p.start_from_day) as day
    from live o
    join future_appointment p on p.patient_id = o.patient_id and p.order_id = o.id
    where p.status in ('booked', 'arrived', 'checked-in')
    group by o.patient_id, o.subject
),
word as (
    select o.patient_id, o.subject, s.is_decision, s.fact_table, s.fact_id,
           row_number() over (partition by o.patient_id, o.subject
                              order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from live o
    join settled s on s.patient_id = o.patient_id and s.about_id = o.id
),
answer as (
    select o.patient_id, o.subject, o.code, o.authored_from_day, o.due_day, b.day as booked_day,
           case when d.fact_id is not null or w.is_decision = 1 then 'MET'
                when w.is_decision = 0 then 'EXCLUDED'
                else 'DUE' end as status
    from live o
    left join first_done d on d.patient_id = o.patient_id and d.subject = o.subject and d.place = 1
    left join booked b on b.patient_id = o.patient_id and b.subject = o.subject
    left join word w on w.patient_id = o.patient_id and w.subject = o.subject and w.place = 1
),
change as (
    select patient_id, subject, due_day + 183 as day from answer
    union all
    select patient_id, subject, booked_day + 1 from answer where booked_day is not null
    union all
    select q.patient_id, q.subject, a.day + 90 from answer q cross join as_of a
),
next_change as (
    select patient_id, subject, min(day) as day from change group by patient_id, subject
),
evidence as (
    select patient_id, subject, 'service_request' as fact_table, id as fact_id, 'order' as role from live
    union all
    select patient_id, subject, fact_table, fact_id, 'done' from first_done where place = 1
    union all
    select patient_id, subject, fact_table, fact_id, 'word' from word where place = 1
)
select q.patient_id, q.subject, q.status, coalesce(q.booked_day, q.due_day) + 1 as opens_on,
       coalesce(q.booked_day, q.due_day) + 7 as due_on, q.due_day + 183 as lapses_on, c.day as recheck_on,
       case when q.status = 'EXCLUDED' then 'refused' end as missing,
       coalesce(t.words, 'A test') as say_test, q.authored_from_day as say_ordered_on, q.due_day as say_wanted_on,
       case when q.booked_day is null then '' else ' It is booked; booked is not done.' end as say_booked
from answer q
join next_change c on c.patient_id = q.patient_id and c.subject = q.subject
left join concept_words t on t.code = q.code

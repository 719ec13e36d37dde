/* ---
title: Result still out when they went home
why: Four in ten people leave hospital with a test not back; most of their own doctors do not know of it.
kind: deadline
question: Has {test}, still out when {patient} went home, come back?
reason: "{test} was not back when they went home {home_on}. Somebody has to look for it."
met: "{test} was not back when they went home {home_on}; it has come, or a clinician needs it no more."
excluded:
  refused: "{patient} does not want it looked for."
next_step: Ask the hospital for the result and who will look at it
missing:
  issued_on: A result has come, but nobody says when, so it may have come too late to be seen in hospital.
authority:
  name: Joint Commission; check within 72 hours is a project choice
  edition: "2024"
  url: https://www.jointcommission.org/
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: result
harm: 4
needs: [homecoming, placed_order, diagnostic_report, final_result, final_report, concept_words, settled, value_set_code, as_of]
--- */
-- Orders for laboratory tests and pictures written in a stay, and reports of a stay that were not final, in the 30 days
-- after it. Not back by now: DUE. Back since the discharge, or decided: MET, and the result itself is looked at by the
-- rules for results. Back on or before the day of discharge: nothing was pending, silent. A revoked order asks nothing.
with stay as (
    select h.patient_id, h.id, h.end_day
    from homecoming h
    cross join as_of a
    where h.end_day > a.day - 30
),
ordered as (
    select s.patient_id, 'order:' || cast(o.id as varchar(20)) as subject, 'service_request' as fact_table, o.id,
           o.code, s.id as stay_id, s.end_day
    from stay s
    join placed_order o on o.patient_id = s.patient_id and o.encounter_id = s.id
    join value_set_code v on v.code = o.category and v.value_set = 'ordered_test'
),
come as (
    select o.patient_id, o.subject, 'observation' as fact_table, r.id, r.issued_from_day as day
    from ordered o
    join final_result r on r.patient_id = o.patient_id and r.order_id = o.id
    union
    select o.patient_id, o.subject, 'diagnostic_report', r.id, r.issued_from_day
    from ordered o
    join final_report r on r.patient_id = o.patient_id and r.order_id = o.id
),
order_answer as (
    select o.patient_id, o.subject, o.fact_table, o.id, o.code, o.stay_id, o.end_day,
           count(c.id) as results, min(c.day) as issued_day
    from ordered o
    left join come c on c.patient_id = o.patient_id and c.subject = o.subject
    group by o.patient_id, o.subject, o.fact_table, o.id, o.code, o.stay_id, o.end_day
),
item as (
    select patient_id, subject, fact_table, id, code, stay_id, end_day,
           case when results = 0 then 'DUE'
                when issued_day is null then 'UNKNOWN'
                when issued_day > end_day then 'MET' end as status
    from order_answer
    union all
    select s.patient_id, 'result:' || cast(r.id as varchar(20)), 'diagnostic_report', r.id, r.code, s.id, s.end_day,
           case when r.status in ('registered', 'partial', 'preliminary') then 'DUE'
                when r.issued_from_day > s.end_day then 'MET' end
    from stay s
    join diagnostic_report r on r.patient_id = s.patient_id and r.encounter_id = s.id and r.same_as = r.id
    where r.status in ('registered', 'partial', 'preliminary', 'final', 'amended', 'corrected', 'appended')
      and r.order_id is null
),
word as (
    select i.patient_id, i.subject, w.is_decision, w.fact_table, w.fact_id,
           row_number() over (partition by i.patient_id, i.subject
                              order by w.settled_day desc nulls last, w.fact_id desc nulls last) as place
    from item i
    join settled w on w.patient_id = i.patient_id and w.about_id = i.id
),
answer as (
    select i.patient_id, i.subject, i.fact_table, i.id, i.stay_id, i.end_day, coalesce(t.words, 'A test') as test,
           case when i.status = 'MET' or w.is_decision = 1 then 'MET'
                when w.is_decision = 0 then 'EXCLUDED'
                else i.status end as status
    from item i
    left join word w on w.patient_id = i.patient_id and w.subject = i.subject and w.place = 1
    left join concept_words t on t.code = i.code
    where i.status is not null
),
evidence as (
    select patient_id, subject, fact_table, id as fact_id, 'test' as role from answer
    union all
    select patient_id, subject, 'encounter', stay_id, 'stay' from answer
    union all
    select patient_id, subject, fact_table, id, 'result' from come
    union all
    select patient_id, subject, fact_table, fact_id, 'word' from word where place = 1
)
select patient_id, subject, status, end_day as opens_on, end_day + 3 as due_on, end_day + 30 as lapses_on,
       end_day + 30 as recheck_on,
       case when status = 'UNKNOWN' then 'issued_on' when status = 'EXCLUDED' then 'refused' end as missing,
       test as say_test, end_day as say_home_on
from answer

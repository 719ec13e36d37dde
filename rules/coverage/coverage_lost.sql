/* ---
title: Insurance lost
why: After losing insurance there are sixty days to choose another; then one waits for the next open enrolment.
kind: deadline
question: What insurance does {patient} have since {ended_on}?
reason: "{plan} ended on {ended_on} and nothing follows it on record. Another plan can be chosen until {last_on}."
met: "What comes after {plan} was talked about."
next_step: Help apply at HealthCare.gov, for Medicaid or for Medicare before the sixty days are over.
missing:
  exact_day: "The day the insurance ended, or the next one began, is known only by its month. Ask the plan."
excluded: {declined: "{patient} takes care of it alone."}
authority: {name: "45 CFR 155.420: special enrolment after loss of coverage, 60 days", edition: "2024",
            url: "https://www.healthcare.gov/coverage-outside-open-enrollment/special-enrollment-period/", valid_from: 2014-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
needs: [person, coverage, current_coverage, contact_made, said_no]
--- */
with
-- the insurance that ended last, unless one is in force
lost as (
    select v.patient_id, v.id, v.payor_name, v.end_to_day,
           row_number() over (partition by v.patient_id order by v.end_to_day desc nulls last, v.id desc nulls last) as place
    from coverage v
    join person p on p.patient_id = v.patient_id
    cross join as_of a
    left join current_coverage c on c.patient_id = v.patient_id
    where v.status = 'active' and v.same_as = v.id and c.id is null and v.end_to_day < a.day and v.end_to_day >= a.day - 60
),
talked as (
    select c.patient_id, c.about_id, max(c.sent_from_day) as day, max(c.id) as fact_id
    from contact_made c
    group by c.patient_id, c.about_id
),
declined as (
    select n.patient_id, n.about_id, max(n.fact_id) as fact_id
    from said_no n
    where n.fact_table = 'communication'
    group by n.patient_id, n.about_id
),
judged as (
    select h.patient_id, h.id, h.payor_name, h.end_to_day, t.fact_id as talk_id, d.fact_id as no_id,
           case when d.fact_id is not null then 'declined' when t.fact_id is not null then 'talked' else 'due' end as verdict
    from lost h
    left join talked t on t.patient_id = h.patient_id and t.about_id = h.id and t.day > h.end_to_day
    left join declined d on d.patient_id = h.patient_id and d.about_id = h.id
    where h.place = 1
),
evidence as (
    select j.patient_id, 'coverage:' || cast(j.id as varchar(20)) as subject, 'coverage' as fact_table, j.id as fact_id,
           'insurance' as role
    from judged j
    union all
    select j.patient_id, 'coverage:' || cast(j.id as varchar(20)) as subject, 'communication' as fact_table,
           coalesce(j.no_id, j.talk_id) as fact_id, 'talked about' as role
    from judged j
    where j.verdict <> 'due'
)
select j.patient_id, 'coverage:' || cast(j.id as varchar(20)) as subject,
       case j.verdict when 'declined' then 'EXCLUDED' when 'talked' then 'MET' else 'DUE' end as status,
       j.end_to_day + 1 as opens_on, j.end_to_day + 60 as due_on, j.end_to_day + 61 as lapses_on,
       j.end_to_day + 61 as recheck_on, case when j.verdict = 'declined' then 'declined' end as missing,
       coalesce(j.payor_name, 'The insurance') as say_plan, j.end_to_day as say_ended_on, j.end_to_day + 60 as say_last_on
from judged j

/* ---
title: Insurance ends
why: A gap of a few days can cost more than a year of premiums; the next insurance is chosen before the old one ends.
kind: deadline
question: What insurance will {patient} have after {ends_on}?
reason: "{plan} ends on {ends_on}; nothing that follows it is on record."
met: "{plan} ends on {ends_on}; what comes next was talked about."
next_step: Ask what comes next, and help choose and apply before the last day.
missing:
  exact_day: "The day the insurance ends, or the next one begins, is known only by its month. Ask the plan."
excluded: {declined: "{patient} takes care of it alone."}
authority: {name: "HealthCare.gov, losing coverage: 60 days before and after", edition: "2026",
            url: "https://www.healthcare.gov/coverage-outside-open-enrollment/special-enrollment-period/", valid_from: 2014-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
needs: [person, coverage, contact_made, said_no, value_set_code]
--- */
with
held as (
    select v.patient_id, v.id, v.code, v.payor_name, v.end_from_day, v.end_to_day
    from coverage v
    join person p on p.patient_id = v.patient_id
    cross join as_of a
    where v.status = 'active' and v.same_as = v.id and coalesce(v.start_from_day, a.day) <= a.day
      and v.end_to_day >= a.day and v.end_to_day <= a.day + 150
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
    select h.patient_id, h.id, h.payor_name, h.end_from_day, h.end_to_day, t.fact_id as talk_id, d.fact_id as no_id,
           case when d.fact_id is not null then 'declined' when t.fact_id is not null then 'talked'
                else 'due' end as verdict
    from held h
    left join talked t on t.patient_id = h.patient_id and t.about_id = h.id and t.day >= h.end_to_day - 150
    left join declined d on d.patient_id = h.patient_id and d.about_id = h.id
    where not exists (select 1 from coverage n
                      where n.patient_id = h.patient_id and n.id <> h.id and n.status = 'active' and n.same_as = n.id
                        and coalesce(n.start_from_day, h.end_to_day) <= h.end_to_day + 1
                        and (coalesce(n.end_to_day, h.end_to_day + 1) > h.end_to_day
                             or (n.end_to_day = h.end_to_day and n.id < h.id)))
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
       j.end_from_day - 60 as opens_on, j.end_from_day as due_on, j.end_to_day + 1 as lapses_on,
       case when j.end_to_day + 1 < a.day + 90 then j.end_to_day + 1 else a.day + 90 end as recheck_on,
       case when j.verdict = 'declined' then 'declined' end as missing,
       coalesce(j.payor_name, 'The insurance') as say_plan, j.end_to_day as say_ends_on
from judged j
cross join as_of a

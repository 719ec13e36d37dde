/* ---
title: Records not sent ahead to a specialist
why: A specialist without the records repeats tests, or sends the person home again.
kind: deadline
question: Have {patient}'s records gone to {visit} ahead of {visit_on}?
reason: "{patient} goes to {visit} for the first time on {visit_on}, on a referral of {ordered_on}; no records are known to be sent."
met: "Records were sent ahead of {visit} on {visit_on}."
next_step: Send the referral letter, the medicines list and the results that led to the referral, and ask whether they arrived.
missing:
  exact_day: "The day of the visit is known only by its month, and it may be over. Ask the office for the day."
excluded:
  known: "{patient} is no stranger there: they were seen by the same clinician within two years."
  declined: "{patient} does not want this visit as it stands."
authority: {name: "ACP and Society of General Internal Medicine, High Value Care Coordination toolkit: pertinent data set with each referral",
            edition: "2014", url: "https://www.acponline.org/clinical-information/clinical-resources-products/high-value-care-coordination-hvcc-toolkit",
            valid_from: 2014-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: Written from the toolkit as known; the page was not opened on the day of writing. Three business days are our own.
step_kind: call
harm: 2
needs: [visit_ahead, placed_referral, kept_appointment, contact_made, task_about, said_no, calendar, value_set_code]
--- */
with
visits as (
    select v.patient_id, v.id, v.day, v.over_day, v.visit, v.calendar_id, v.practitioner_id, v.order_id,
           r.authored_from_day
    from visit_ahead v
    join placed_referral r on r.patient_id = v.patient_id and r.id = v.order_id
),
-- our word that they went, or the office's that it has them
sent as (
    select v.patient_id, v.id, 'communication' as fact_table, c.id as fact_id
    from visits v
    join contact_made c on c.patient_id = v.patient_id and c.about_id in (v.id, v.order_id)
    join value_set_code w on w.code = c.topic and w.value_set = 'work_records_sent'
    union all
    select v.patient_id, v.id, 'task' as fact_table, t.id as fact_id
    from visits v
    join task_about t on t.patient_id = v.patient_id and t.focus_id = v.order_id
    join value_set_code w on w.code = t.code and w.value_set = 'work_records_sent'
    where t.status = 'completed'
),
known as (
    select v.patient_id, v.id, k.id as fact_id
    from visits v
    join kept_appointment k on k.patient_id = v.patient_id and k.practitioner_id = v.practitioner_id
    where k.start_from_day > v.day - 730
),
declined as (
    select v.patient_id, v.id, n.fact_table, n.fact_id
    from visits v
    join said_no n on n.patient_id = v.patient_id and n.about_id in (v.id, v.order_id)
),
judged as (
    select v.patient_id, v.id, v.day, v.over_day, v.visit, v.calendar_id, v.authored_from_day,
           case when d.id is not null then 'declined'
                when s.id is not null then 'sent'
                when k.id is not null then 'known'
                else 'due' end as verdict
    from visits v
    left join (select distinct patient_id, id from sent) s on s.patient_id = v.patient_id and s.id = v.id
    left join (select distinct patient_id, id from known) k on k.patient_id = v.patient_id and k.id = v.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = v.patient_id and d.id = v.id
),
evidence as (
    select v.patient_id, 'records:' || cast(v.id as varchar(20)) as subject, 'appointment' as fact_table,
           v.id as fact_id, 'visit' as role
    from visits v
    union all
    select v.patient_id, 'records:' || cast(v.id as varchar(20)) as subject, 'service_request' as fact_table,
           v.order_id as fact_id, 'referral' as role
    from visits v
    union all
    select s.patient_id, 'records:' || cast(s.id as varchar(20)) as subject, s.fact_table, s.fact_id, 'sent' as role
    from sent s
    union all
    select k.patient_id, 'records:' || cast(k.id as varchar(20)) as subject, 'appointment' as fact_table, k.fact_id,
           'seen before' as role
    from known k
    union all
    select d.patient_id, 'records:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'records:' || cast(j.id as varchar(20)) as subject,
       case j.verdict when 'sent' then 'MET' when 'due' then 'DUE' else 'EXCLUDED' end as status,
       j.day - 10 as opens_on, ahead.day as due_on, j.over_day as lapses_on,
       case when j.over_day < a.day + 90 then j.over_day else a.day + 90 end as recheck_on,
       case j.verdict when 'known' then 'known' when 'declined' then 'declined' end as missing,
       'appointment:' || cast(j.id as varchar(20)) as blocks,
       j.visit as say_visit, j.day as say_visit_on, j.authored_from_day as say_ordered_on
from judged j
cross join as_of a
join calendar c on c.calendar_id = j.calendar_id and c.day = j.day
join calendar ahead on ahead.calendar_id = j.calendar_id and ahead.is_business = 1
    and ahead.business_index = c.business_index - c.is_business - 2

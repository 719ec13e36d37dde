/* ---
title: Many medicines, not gone through in a year
why: With eight or more medicines nearly everybody has one that is no longer needed, and one that disagrees with another.
kind: gap
question: Who goes through all of {patient}'s medicines once, from the first to the last?
reason: "{medicines} medicines for daily use are on the list; last gone through: {last_on}."
met: "{medicines} medicines for daily use are on the list; gone through on {last_on}."
next_step: Book a comprehensive medication review with the pharmacist or the primary clinician
excluded:
  declined: "{patient} did not want the medicines gone through; asked again a year later."
  hospice: "Comfort comes first: hospice or palliative care."
authority:
  name: "Medicare Part D, comprehensive medication review once a year, 42 CFR 423.153(d); eight medicines as the usual threshold of plans"
  edition: "2025"
  url: https://www.ecfr.gov/current/title-42/chapter-IV/subchapter-B/part-423/subpart-D
  valid_from: 2013-01-01
notes: The regulation was not opened while this was written.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: reconcile
harm: 2
needs: [standing_order, done_procedure, contact_tried, hospice_care, value_set_code, as_of]
--- */
-- Eight or more standing orders of different ingredients (creams and medicines taken when needed left out). A
-- reconciliation within 365 days makes it MET. Opens a year after the last one, or with the newest order.
with counted as (
    select o.patient_id, count(*) as medicines, max(o.authored_from_day) as newest_on, min(o.valid_until_to_day) + 1 as ends_on
    from standing_order o
    group by o.patient_id
    having count(*) > 7
),
gone_through as (
    select c.patient_id, max(d.id) as id, max(d.done_from_day) as last_on
    from counted c
    join done_procedure d on d.patient_id = c.patient_id
    join value_set_code v on v.code = d.code and v.value_set = 'medication_reconciliation'
    group by c.patient_id
),
refused as (
    select c.patient_id, max(t.id) as id, max(t.sent_from_day) + 365 as until_on
    from counted c
    join contact_tried t on t.patient_id = c.patient_id
    join value_set_code v on v.code = t.status_reason and v.value_set = 'work_declined'
    join value_set_code w on w.code = t.topic and w.value_set = 'medication_reconciliation'
    cross join as_of a
    where t.sent_from_day + 365 > a.day
    group by c.patient_id
),
judged as (
    select c.patient_id, c.medicines, c.newest_on, g.id as done_id, g.last_on, g.last_on + 365 as next_on, d.id as refusal_id,
           d.until_on, c.ends_on, h.patient_id as in_hospice
    from counted c
    left join gone_through g on g.patient_id = c.patient_id
    left join refused d on d.patient_id = c.patient_id
    left join (select distinct patient_id from hospice_care) h on h.patient_id = c.patient_id
),
change as (
    select patient_id, next_on as day from judged
    union all
    select patient_id, until_on from judged
    union all
    select patient_id, ends_on from judged
    union all
    select j.patient_id, a.day + 90 from judged j cross join as_of a
),
next_change as (
    select c.patient_id, min(c.day) as day
    from change c
    cross join as_of a
    where c.day > a.day
    group by c.patient_id
),
evidence as (
    select o.patient_id, 'medicines:review' as subject, 'medication_request' as fact_table, o.id as fact_id, 'medicine' as role
    from standing_order o
    union all
    select patient_id, 'medicines:review', 'procedure', done_id, 'gone through' from judged where done_id is not null
    union all
    select patient_id, 'medicines:review', 'communication', refusal_id, 'refusal' from judged where refusal_id is not null
)
select j.patient_id, 'medicines:review' as subject,
       case when j.in_hospice is not null then 'EXCLUDED'
            when j.next_on > a.day then 'MET'
            when j.refusal_id is not null then 'EXCLUDED'
            else 'DUE' end as status,
       coalesce(j.next_on, j.newest_on) as opens_on,
       coalesce(j.next_on, j.newest_on) + 60 as due_on,
       cast(null as integer) as lapses_on,
       n.day as recheck_on,
       case when j.in_hospice is not null then 'hospice'
            when j.next_on > a.day then null
            when j.refusal_id is not null then 'declined' end as missing,
       j.medicines as say_medicines,
       j.last_on as say_last_on
from judged j
join next_change n on n.patient_id = j.patient_id
cross join as_of a

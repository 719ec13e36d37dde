/* ---
title: Pharmacy could not fill a prescription
why: An insurer's no, a missing authorization or an empty shelf stops a medicine at the counter, and the prescriber does not hear of it.
kind: gap
question: What does {pharmacy} need to fill {medicine} for {patient}?
reason: "On {held_on} {pharmacy} did not fill {medicine}, and no fill has come since."
next_step: Ask the pharmacy why, then get the authorization, another product or another pharmacy
excluded:
  declined: "{patient} does not want {medicine}."
authority:
  name: Beforehand (project choice); a Part D plan must be asked for an exception, 72 hours or 24 when urgent, 42 CFR 423.568 and 423.572
  edition: "2026-11-22, draft"
  url: https://www.ecfr.gov/current/title-42/chapter-IV/subchapter-B/part-423/subpart-M
  valid_from: 2020-01-01
notes: The regulation was not opened while this was written.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
needs: [open_fill, contact_tried, organization, value_set_code, as_of]
--- */
-- Worth a call the same day, settled within two. After sixty days without a fill it is history.
with held as (
    select f.patient_id, f.subject, f.name, f.id, f.request_id, f.begun_day, o.name as pharmacy,
           row_number() over (partition by f.patient_id, f.subject
                              order by f.begun_day desc nulls last, f.id desc nulls last) as place
    from open_fill f
    left join organization o on o.id = f.pharmacy_id
    cross join as_of a
    where f.is_held = 1 and f.begun_day > a.day - 60
),
refused as (
    select h.patient_id, h.subject, max(c.id) as id
    from held h
    join contact_tried c on c.patient_id = h.patient_id and c.about_id in (h.id, h.request_id)
    join value_set_code v on v.code = c.status_reason and v.value_set = 'work_declined'
    where c.sent_from_day >= h.begun_day
    group by h.patient_id, h.subject
),
evidence as (
    select patient_id, subject, 'medication_dispense' as fact_table, id as fact_id, 'held back' as role
    from held where place = 1
    union all
    select patient_id, subject, 'communication', id, 'refusal' from refused
)
select h.patient_id, h.subject,
       case when d.id is not null then 'EXCLUDED' else 'DUE' end as status,
       h.begun_day as opens_on,
       h.begun_day + 2 as due_on,
       h.begun_day + 60 as lapses_on,
       h.begun_day + 60 as recheck_on,
       case when d.id is not null then 'declined' end as missing,
       h.name as say_medicine,
       coalesce(h.pharmacy, 'the pharmacy') as say_pharmacy,
       h.begun_day as say_held_on
from held h
left join refused d on d.patient_id = h.patient_id and d.subject = h.subject
where h.place = 1

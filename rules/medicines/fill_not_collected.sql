/* ---
title: Medicine ready at the pharmacy, not fetched
why: A pharmacy puts a medicine back on the shelf after about ten days, and tells nobody who cares.
kind: deadline
question: Can {patient} get {medicine} from {pharmacy}?
reason: "{medicine} has been ready at {pharmacy} since {ready_on} and was not fetched. It goes back on the shelf about {back_on}."
met: "{medicine} is ready at {pharmacy} since {ready_on}; {met_by}."
next_step: Ask what stands in the way (price, ride, second thoughts), or have it delivered
excluded:
  declined: "{patient} does not want {medicine}."
authority:
  name: Beforehand; pharmacies commonly return a medicine to stock after 10 to 14 days, insurers ask for the claim to be taken back by then (days are a project choice)
  edition: "2026-11-22, draft"
  url: https://www.cms.gov/medicare/coverage/prescription-drug-coverage-contracting/prescription-drug-benefit-manual
  valid_from: 2020-01-01
notes: The manual was not opened while this was written.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 3
needs: [open_fill, contact_tried, organization, value_set_code, as_of]
--- */
-- Three days to fetch it; ten until it is put back. After thirty days it is history: the run-out rule goes on watching.
with waiting as (
    select f.patient_id, f.subject, f.name, f.id, f.request_id, f.begun_day, o.name as pharmacy,
           row_number() over (partition by f.patient_id, f.subject
                              order by f.begun_day desc nulls last, f.id desc nulls last) as place
    from open_fill f
    left join organization o on o.id = f.pharmacy_id
    cross join as_of a
    where f.is_held = 0 and f.begun_day > a.day - 30
),
refused as (
    select w.patient_id, w.subject, max(c.id) as id
    from waiting w
    join contact_tried c on c.patient_id = w.patient_id and c.about_id in (w.id, w.request_id)
    join value_set_code v on v.code = c.status_reason and v.value_set = 'work_declined'
    where c.sent_from_day >= w.begun_day
    group by w.patient_id, w.subject
),
evidence as (
    select patient_id, subject, 'medication_dispense' as fact_table, id as fact_id, 'ready' as role
    from waiting where place = 1
    union all
    select patient_id, subject, 'communication', id, 'refusal' from refused
)
select w.patient_id, w.subject,
       case when d.id is not null then 'EXCLUDED'
            when w.begun_day + 3 <= a.day then 'DUE'
            else 'MET' end as status,
       w.begun_day + 3 as opens_on,
       w.begun_day + 9 as due_on,
       w.begun_day + 30 as lapses_on,
       case when w.begun_day + 3 > a.day then w.begun_day + 3 else w.begun_day + 30 end as recheck_on,
       case when d.id is not null then 'declined' end as missing,
       w.name as say_medicine,
       coalesce(w.pharmacy, 'the pharmacy') as say_pharmacy,
       w.begun_day as say_ready_on,
       w.begun_day + 10 as say_back_on,
       'there are still days to fetch it' as say_met_by
from waiting w
left join refused d on d.patient_id = w.patient_id and d.subject = w.subject
cross join as_of a
where w.place = 1

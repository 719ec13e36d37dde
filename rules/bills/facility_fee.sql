/* ---
title: A hospital's fee for an office visit
why: A clinic owned by a hospital may send two bills for one visit; some plans and states do not allow the second.
kind: question
question: Did {patient} know of a hospital fee for the visit of {service_on}?
reason: "{who} left {share_cents} for the use of the clinic on {service_on} to the person, beside the clinician's own bill of that day."
met: "Somebody asked about it."
next_step: Ask the plan whether the fee is owed, and the clinic for another site of care next time.
missing:
  exact_day: "The day of one of the services is known only by its month, so nobody can tell whether they fell on one day. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "CMS, Medical bill rights; own check B28", edition: "2026",
            url: "https://www.cms.gov/medical-bill-rights", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 1
needs: [charged_item, case_fact, case_settled, benefit_item, value_set_code]
--- */
with
lines as (
    select c.patient_id, c.subject, c.line_id, c.share_cents
    from charged_item c
    join value_set_code v on v.code = c.code and v.value_set = 'outpatient_clinic_visit'
    where exists (select 1 from benefit_item o
                  join value_set_code k on k.code = o.place and k.value_set = 'place_hospital_outpatient'
                  where o.patient_id = c.patient_id and o.service_from_day = c.service_from_day
                    and o.statement_id <> c.statement_id and o.status = 'active')
),
found as (
    select patient_id, subject, min(line_id) as line_id, sum(share_cents) as share_cents
    from lines
    group by patient_id, subject
),
evidence as (
    select l.patient_id, l.subject, 'benefit_item' as fact_table, l.line_id as fact_id, 'line' as role
    from lines l
    union all
    select f.patient_id, f.subject, f.fact_table, f.fact_id, f.role
    from found g
    join case_fact f on f.patient_id = g.patient_id and f.subject = g.subject
)
select f.patient_id, f.subject,
       case when s.is_declined = 1 then 'EXCLUDED' when s.is_checked = 1 then 'MET' else 'DUE' end as status,
       c.open_day as opens_on, c.due_day as due_on, c.lapse_day as lapses_on, c.next_day as recheck_on,
       case when s.is_declined = 1 then 'declined' end as missing,
       c.provider as say_who, c.service_to_day as say_service_on, f.share_cents as say_share_cents
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject

/* ---
title: More units than a day can hold
why: A slip of the pen in the number of units is paid many times over.
kind: conflict
question: Did {patient} get {what} {units} times on {service_on}?
reason: "{who} billed {what} {units} times on {service_on}; it can be billed {limit} time(s) a day. {share_cents} is left to the person."
met: "Somebody asked about it."
next_step: Ask the billing office for the number of units in the record.
missing:
  exact_day: "The day of the service, or of the plan's statement, is known only by its month. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "CMS, Medical bill rights; own check B17", edition: "2026",
            url: "https://www.cms.gov/medicare/coding-billing/national-correct-coding-initiative-ncci-edits/medicare-ncci-medically-unlikely-edits", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
notes: "Rows for HCPCS Level II are shipped; the list of medically unlikely edits names CPT codes and comes with the organisation's own licence."
needs: [charged_item, case_fact, case_settled, service_code, service_limit, concept_words]
--- */
with
lines as (
    select c.patient_id, c.subject, c.line_id, c.share_cents, l.units
    from charged_item c
    join service_code s on s.code = c.code
    join service_limit l on l.service = s.service
    where c.units_micro > l.units * 1000000
),
found as (
    select patient_id, subject, min(line_id) as line_id, sum(share_cents) as share_cents, min(units) as units
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
       c.provider as say_who, c.service_to_day as say_service_on, f.share_cents as say_share_cents,
       coalesce(w.words, 'a service') as say_what,
       c.units_text as say_units, f.units as say_limit
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject
left join concept_words w on w.code = c.code

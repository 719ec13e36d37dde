/* ---
title: Highest visit level for a short visit
why: The level of a visit decides its price; a short visit is rarely of the highest.
kind: question
question: Was {patient}'s visit on {service_on} as long as billed?
reason: "{who} billed the highest level for the visit of {service_on}, which lasted {minutes} minutes; {share_cents} is left to the person."
met: "Somebody asked about it."
next_step: Ask for the visit note and whether the level is right.
missing:
  length: "The record does not say how long the visit was."
  exact_day: "The day of the service, or of the plan's statement, is known only by its month. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "CMS, Medical bill rights; own check B18", edition: "2026",
            url: "https://www.cms.gov/medical-bill-rights", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 1
notes: "HCPCS Level II only; levels by CPT code come with the organisation's own licence, as codes added to the value set highest_visit_level."
needs: [charged_item, case_fact, case_settled, encounter, value_set_code]
--- */
with
timed as (
    select c.patient_id, c.subject, c.line_id, c.share_cents, e.end_at - e.start_at as seconds
    from charged_item c
    join value_set_code v on v.code = c.code and v.value_set = 'highest_visit_level'
    left join encounter e on e.patient_id = c.patient_id and e.id = c.encounter_id and e.status = 'finished'
),
lines as (
    select patient_id, subject, line_id, share_cents, case when seconds is null then 'length' else 'due' end as verdict
    from timed
    where seconds is null or seconds < 1200
),
found as (
    select patient_id, subject, min(line_id) as line_id, sum(share_cents) as share_cents,
           count(case when verdict = 'due' then line_id end) as due_lines
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
       case when s.is_declined = 1 then 'EXCLUDED' when s.is_checked = 1 then 'MET' 
            when f.due_lines > 0 then 'DUE' else 'UNKNOWN' end as status,
       c.open_day as opens_on, c.due_day as due_on, c.lapse_day as lapses_on, c.next_day as recheck_on,
       case when s.is_declined = 1 then 'declined' when s.is_checked = 1 or f.due_lines > 0 then null
            else 'length' end as missing,
       c.provider as say_who, c.service_to_day as say_service_on, f.share_cents as say_share_cents,
       case when t.seconds < 600 then 'fewer than 10' else 'fewer than 20' end as say_minutes
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject
join timed t on t.patient_id = c.patient_id and t.line_id = c.line_id

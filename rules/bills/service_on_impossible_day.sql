/* ---
title: A service on a day that cannot be
why: A bill for a day before birth, after death, or after the statement was written is another person's, or a slip.
kind: conflict
question: Was the service of {service_on} really given to {patient}?
reason: "A charge of {share_cents} by {who} for {service_on}, which is {why_not}."
met: "Somebody asked about it."
next_step: Ask the billing office to check the name, the day of birth and the day of service.
missing:
  exact_day: "The day of the service, or of the statement, is known only by its month. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "CMS, Medical bill rights; own check B20", edition: "2026",
            url: "https://www.cms.gov/medical-bill-rights", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
needs: [charged_item, case_fact, case_settled, any_person, plan_statement]
--- */
with
lines as (
    select c.patient_id, c.subject, c.line_id, c.share_cents
    from charged_item c
    join any_person p on p.patient_id = c.patient_id
    join plan_statement s on s.patient_id = c.patient_id and s.id = c.statement_id
    where c.service_to_day < p.birth_from_day or c.service_from_day > p.death_day or c.service_from_day > s.created_from_day
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
       c.provider as say_who, c.service_to_day as say_service_on, f.share_cents as say_share_cents,
       case when c.service_to_day < p.birth_from_day then 'before the day of birth'
            when c.service_from_day > p.death_day then 'after the day of death'
            else 'later than the statement itself' end as say_why_not
from found f
join any_person p on p.patient_id = f.patient_id
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject

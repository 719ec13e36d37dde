/* ---
title: The same visit billed twice
why: Two claims of one clinician for one visit mean that one is paid twice; a clinic's and a clinician's beside each other are usual.
kind: conflict
question: Was {patient} billed twice for {service_on}?
reason: "{who} sent the plan two claims for {service_on} of the same amount; {share_cents} is left to the person on the second."
met: "Somebody asked about it."
next_step: Ask the billing office which of the two claims is the right one.
missing:
  exact_day: "The day of one of the services is known only by its month, so the two may be one. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "CMS, Medical bill rights; own check B02", edition: "2026",
            url: "https://www.cms.gov/medical-bill-rights", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
needs: [money_case, case_fact, case_settled, value_set_code]
--- */
with
cases as (
    select c.patient_id, c.subject, c.statement_id
    from money_case c
    join value_set_code v on v.code = c.code and v.value_set = 'claim_professional'
    where c.patient_share_cents > 0
      and exists (select 1 from money_case d
                  where d.patient_id = c.patient_id and d.statement_id < c.statement_id and d.code = c.code
                    and d.provider = c.provider and d.service_from_day = c.service_from_day
                    and d.billed_cents = c.billed_cents)
),
found as (
    select patient_id, subject, min(statement_id) as statement_id
    from cases
    group by patient_id, subject
),
evidence as (
    select f.patient_id, f.subject, f.fact_table, f.fact_id, f.role
    from found g
    join case_fact f on f.patient_id = g.patient_id and f.subject = g.subject
)
select f.patient_id, f.subject,
       case when s.is_declined = 1 then 'EXCLUDED' when s.is_checked = 1 then 'MET' else 'DUE' end as status,
       c.open_day as opens_on, c.due_day as due_on, c.lapse_day as lapses_on, c.next_day as recheck_on,
       case when s.is_declined = 1 then 'declined' end as missing,
       c.provider as say_who, c.service_to_day as say_service_on, c.patient_share_cents as say_share_cents
from found f
join money_case c on c.patient_id = f.patient_id and c.statement_id = f.statement_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject

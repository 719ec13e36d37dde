/* ---
title: Preventive service with a share to pay
why: Screenings, vaccines and yearly visits that the law names cost the person nothing in the network.
kind: conflict
question: Why is {patient} asked to pay for a preventive service?
reason: "{who} charged {share_cents} for {what} of {service_on}, which is preventive and free in the plan's network."
met: "Somebody asked about it."
next_step: Ask the billing office to code it as preventive and send it to the plan again; if that fails, appeal.
missing:
  exact_day: "The day of the service, or of the plan's statement, is known only by its month. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "Affordable Care Act, preventive services (45 CFR 147.130); Medicare preventive services; own check B11", edition: "2026",
            url: "https://www.healthcare.gov/coverage/preventive-care-benefits/", valid_from: 2010-09-23}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
needs: [charged_item, case_fact, case_settled, concept_words, value_set_code]
--- */
with
-- a colonoscopy that turned into treatment has its own rule
lines as (
    select c.patient_id, c.subject, c.line_id, c.share_cents
    from charged_item c
    where coalesce(c.network, 'in') <> 'out'
      and exists (select 1 from value_set_code v
                  where (v.value_set = 'preventive_service' and v.code = c.code)
                     or (v.value_set = 'preventive_reason' and v.code = c.diagnosis))
      and not exists (select 1 from value_set_code v
                      where (v.value_set = 'screening_turned_treatment' and v.code = c.modifier)
                         or (v.value_set = 'claim_pharmacy' and v.code = c.claim_code))
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
       coalesce(w.words, 'a service') as say_what
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject
left join concept_words w on w.code = c.code

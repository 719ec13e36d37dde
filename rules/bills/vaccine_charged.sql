/* ---
title: Vaccine with a share to pay
why: Vaccines recommended for adults cost nothing in a Medicare drug plan.
kind: conflict
question: Why is {patient} asked to pay for a vaccine?
reason: "{who} charged {share_cents} for {what} of {service_on}; a Medicare drug plan pays it in full."
met: "Somebody asked about it."
next_step: Ask the pharmacy to send it to the drug plan again, and to give back what was paid.
missing:
  exact_day: "The day of the vaccine, or since when the insurance holds, is known only by its month. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "Inflation Reduction Act, section 11401 (vaccines recommended by ACIP under Part D); own check B27", edition: "2022",
            url: "https://www.cms.gov/inflation-reduction-act-and-medicare", valid_from: 2023-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
needs: [charged_item, case_fact, case_settled, statement_plan, concept_words, value_set_code]
--- */
with
lines as (
    select c.patient_id, c.subject, c.line_id, c.share_cents
    from charged_item c
    join value_set_code v on v.code = c.code and v.value_set = 'adult_vaccine_product'
    where exists (select 1 from statement_plan s
                  join value_set_code k on k.code = s.code and k.value_set = 'plan_part_d'
                  where s.patient_id = c.patient_id and s.statement_id = c.statement_id)
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
       coalesce(w.words, 'a vaccine') as say_what
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject
left join concept_words w on w.code = c.code

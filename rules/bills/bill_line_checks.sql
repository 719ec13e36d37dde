/* ---
title: Line that should not be left to the person
why: The law or the contract lets somebody else bear it.
kind: conflict
question: Should {patient} pay this?
reason: "{who} left {share_cents} of {service_on} to the person."
met: "Somebody asked about it."
next_step: Ask the plan and the billing office.
missing:
  exact_day: "The day of the service, or of the plan's statement, is known only by its month. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "named in each row", edition: "",
            url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/bill_line_checks.csv
step_kind: bill
harm: 2
needs: [charged_item, case_fact, case_settled, value_set_code]
--- */
with
lines as (
    select f.rule_id, c.patient_id, c.subject, c.line_id, c.share_cents
    from charged_item c
    join family f on coalesce(f.network, c.network, 'unsaid') = coalesce(c.network, 'unsaid')
    where (f.code_set is null
           or exists (select 1 from value_set_code v where v.code = c.code and v.value_set = f.code_set))
      and (f.place_set is null
           or exists (select 1 from value_set_code v where v.code = c.place and v.value_set = f.place_set))
      and (f.claim_set is null
           or exists (select 1 from value_set_code v where v.code = c.claim_code and v.value_set = f.claim_set))
      and (f.reason_set is null
           or exists (select 1 from value_set_code v where v.code = c.reason and v.value_set = f.reason_set))
),
found as (
    select rule_id, patient_id, subject, min(line_id) as line_id, sum(share_cents) as share_cents
    from lines
    group by rule_id, patient_id, subject
),
evidence as (
    select l.rule_id, l.patient_id, l.subject, 'benefit_item' as fact_table, l.line_id as fact_id, 'line' as role
    from lines l
    union all
    select g.rule_id, f.patient_id, f.subject, f.fact_table, f.fact_id, f.role
    from found g
    join case_fact f on f.patient_id = g.patient_id and f.subject = g.subject
)
select f.rule_id, f.patient_id, f.subject,
       case when s.is_declined = 1 then 'EXCLUDED' when s.is_checked = 1 then 'MET' else 'DUE' end as status,
       c.open_day as opens_on, c.due_day as due_on, c.lapse_day as lapses_on, c.next_day as recheck_on,
       case when s.is_declined = 1 then 'declined' end as missing,
       c.provider as say_who, c.service_to_day as say_service_on, f.share_cents as say_share_cents
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject

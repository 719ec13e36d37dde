/* ---
title: A protected Medicare member charged a share
why: Qualified Medicare Beneficiaries owe no deductible, copay or coinsurance of Parts A and B; charging them is forbidden.
kind: conflict
question: Why is {patient} charged although Medicaid pays the Medicare shares?
reason: "{who} left {share_cents} of {service_on} to the person, who is a Qualified Medicare Beneficiary."
met: "Somebody asked about it."
next_step: Show the billing office the Medicaid card, ask it to bill Medicaid and to give back what was paid.
missing:
  exact_day: "The day of the service, or since when the person is a Qualified Medicare Beneficiary, is known only by its month. Ask Medicaid."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "CMS, Qualified Medicare Beneficiary program: billing protections (42 U.S.C. 1396a(n)(3)(B)); own check B13", edition: "2025",
            url: "https://www.cms.gov/medicare/medicaid-coordination/qualified-medicare-beneficiary-program", valid_from: 1997-08-05}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 3
needs: [charged_item, case_fact, case_settled, coverage, statement_plan, value_set_code]
--- */
with
-- the drug plan's copay is not one of the shares that are protected
lines as (
    select c.patient_id, c.subject, c.line_id, c.share_cents
    from charged_item c
    where exists (select 1 from coverage q
                  join value_set_code v on v.code = q.code and v.value_set = 'plan_qmb'
                  where q.patient_id = c.patient_id and q.status = 'active' and q.same_as = q.id
                    and coalesce(q.start_from_day, c.service_from_day) <= c.service_from_day
                    and coalesce(q.end_to_day, c.service_from_day) >= c.service_from_day)
      and exists (select 1 from statement_plan s
                  join value_set_code v on v.code = s.code and v.value_set = 'plan_any_medicare'
                  where s.patient_id = c.patient_id and s.statement_id = c.statement_id)
      and not exists (select 1 from value_set_code v where v.code = c.claim_code and v.value_set = 'claim_pharmacy')
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

/* ---
title: Bill above the estimate
why: Who pays without insurance and is billed 400 dollars or more above the estimate may dispute it within 120 days.
kind: deadline
question: Does {patient} want to dispute the bill of {who}?
reason: "{who} estimated {estimated_cents} and asks {asked_cents} for {service_on}; that is {over_cents} more. A dispute is possible until {due_on}."
met: "Somebody asked about it."
next_step: "Help the person start the patient-provider dispute, 25 dollars: 1-800-985-3059."
missing:
  insurance: "Insurance was in force that day; nobody says whether it was used."
  exact_day: "The day of the service, of the estimate or of the bill is known only by its month. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "No Surprises Act, patient-provider dispute resolution (45 CFR 149.620): 400 dollars, 120 calendar days; own check B10", edition: "2022",
            url: "https://www.cms.gov/nosurprises/providers-payment-resolution-with-patients", valid_from: 2022-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: bill
harm: 3
needs: [open_bill, money_settled, claim, coverage, bill_statement]
--- */
with
estimates as (
    select c.patient_id, c.id, c.provider_id, c.service_from_day, c.encounter_id, c.total_cents
    from claim c
    cross join as_of a
    where c.use = 'predetermination' and c.status = 'active' and c.same_as = c.id and c.created_from_day <= a.day
),
matched as (
    select b.patient_id, b.id, min(b.total_cents) as total_cents, max(e.total_cents) as estimated_cents, min(e.id) as claim_id,
           min(b.service_from_day) as service_day
    from open_bill b
    join estimates e on e.patient_id = b.patient_id
    where e.provider_id = b.issuer_id and (e.service_from_day = b.service_from_day or e.encounter_id = b.encounter_id)
      and not exists (select 1 from bill_statement s where s.patient_id = b.patient_id and s.bill_id = b.id)
    group by b.patient_id, b.id
    having min(b.total_cents) - max(e.total_cents) >= 40000
),
insured as (
    select m.patient_id, m.id, min(v.id) as coverage_id
    from matched m
    join coverage v on v.patient_id = m.patient_id
    where v.status = 'active' and v.same_as = v.id
      and coalesce(v.start_from_day, m.service_day) <= m.service_day
      and coalesce(v.end_to_day, m.service_day) >= m.service_day
    group by m.patient_id, m.id
),
found as (
    select m.patient_id, m.id, m.total_cents, m.estimated_cents, m.claim_id, i.coverage_id
    from matched m
    left join insured i on i.patient_id = m.patient_id and i.id = m.id
),
marks as (
    select b.patient_id, b.id, max(n.is_checked) as is_checked, max(1 - n.is_checked) as is_declined
    from found b
    join money_settled n on n.patient_id = b.patient_id and n.about_id = b.id
    group by b.patient_id, b.id
),
evidence as (
    select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject, 'invoice' as fact_table, b.id as fact_id,
           'bill' as role
    from found b
    union all
    select n.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject, n.fact_table, n.fact_id, 'settled' as role
    from found b
    join money_settled n on n.patient_id = b.patient_id and n.about_id = b.id
    union all
    select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject, 'claim' as fact_table, b.claim_id as fact_id,
           'estimate' as role
    from found b
)
select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject,
       case when m.is_declined = 1 then 'EXCLUDED' when m.is_checked = 1 then 'MET'
            when f.coverage_id is not null then 'UNKNOWN' else 'DUE' end as status,
       b.open_day as opens_on, b.issued_from_day + 120 as due_on, b.issued_from_day + 121 as lapses_on, case when b.issued_from_day + 121 between a.day + 1 and a.day + 90 then b.issued_from_day + 121 else a.day + 90 end as recheck_on,
       case when m.is_declined = 1 then 'declined' when m.is_checked = 1 then null
            when f.coverage_id is not null then 'insurance' end as missing,
       b.biller as say_who, b.issued_from_day as say_billed_on, b.total_cents as say_asked_cents,
       f.estimated_cents as say_estimated_cents, f.total_cents - f.estimated_cents as say_over_cents,
       b.service_to_day as say_service_on
from found f
join open_bill b on b.patient_id = f.patient_id and b.id = f.id
cross join as_of a
left join marks m on m.patient_id = b.patient_id and m.id = b.id

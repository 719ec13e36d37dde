/* ---
title: Billed before the plan has answered
why: What is owed is known only when the plan has answered; until then the bill is a guess.
kind: conflict
question: Was {patient}'s bill from {who} sent to the insurance first?
reason: "{who} asks {asked_cents} for {service_on}; insurance was in force that day and its statement has not come."
met: "Somebody asked about it."
next_step: Ask the billing office whether it was sent to the insurance, and wait with paying.
missing:
  exact_day: "The day of the service, or since when the insurance holds, is known only by its month. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "CMS, Medical bill rights; own check B04", edition: "2026",
            url: "https://www.cms.gov/medical-bill-rights", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
needs: [open_bill, money_settled, coverage, bill_statement]
--- */
with
found as (
    select b.patient_id, b.id, min(v.id) as coverage_id
    from open_bill b
    join coverage v on v.patient_id = b.patient_id
    left join bill_statement s on s.patient_id = b.patient_id and s.bill_id = b.id
    where s.bill_id is null and b.total_cents > 0
      and v.status = 'active' and v.same_as = v.id
      and coalesce(v.start_from_day, b.service_from_day) <= b.service_from_day
      and coalesce(v.end_to_day, b.service_from_day) >= b.service_from_day
    group by b.patient_id, b.id
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
    select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject, 'coverage' as fact_table, b.coverage_id as fact_id,
           'insurance' as role
    from found b
)
select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject,
       case when m.is_declined = 1 then 'EXCLUDED' when m.is_checked = 1 then 'MET'
            else 'DUE' end as status,
       b.open_day as opens_on, b.due_day as due_on, cast(null as bigint) as lapses_on, a.day + 90 as recheck_on,
       case when m.is_declined = 1 then 'declined' end as missing,
       b.biller as say_who, b.issued_from_day as say_billed_on, b.total_cents as say_asked_cents,
       b.service_to_day as say_service_on
from found f
join open_bill b on b.patient_id = f.patient_id and b.id = f.id
cross join as_of a
left join marks m on m.patient_id = b.patient_id and m.id = b.id

/* ---
title: The plan's discount billed to the person
why: A clinic of the network agreed to the plan's price; what is above it is the clinic's to write off.
kind: conflict
question: Does {patient}'s bill from {who} ask for the part the clinic must write off?
reason: "{who} asks {asked_cents}; the plan allows {allowed_cents} in its network, so {over_cents} cannot be owed."
met: "Somebody asked about it."
next_step: Send the plan's statement to the billing office and ask it to write the rest off.
missing:
  exact_day: "The day of the service is known only by its month, so nobody can tell which statement is about it. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "CMS, Medical bill rights; own check B05", edition: "2026",
            url: "https://www.cms.gov/medical-bill-rights", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 3
needs: [open_bill, money_settled, bill_statement, plan_statement, charged_item, benefit_item, statement_plan,
        value_set_code]
--- */
with
-- in the network as a line says, or Original Medicare, whose price clinics accept
agreed as (
    select distinct s.patient_id, s.bill_id, s.statement_id
    from bill_statement s
    where exists (select 1 from benefit_item i
                  where i.patient_id = s.patient_id and i.statement_id = s.statement_id and i.network = 'in'
                    and i.status = 'active')
       or exists (select 1 from statement_plan p
                  join value_set_code v on v.code = p.code and v.value_set = 'plan_medicare'
                  where p.patient_id = s.patient_id and p.statement_id = s.statement_id)
),
found as (
    select b.patient_id, b.id, min(b.total_cents) as total_cents, sum(s.allowed_cents) as allowed_cents
    from open_bill b
    join bill_statement m on m.patient_id = b.patient_id and m.bill_id = b.id
    join plan_statement s on s.patient_id = b.patient_id and s.id = m.statement_id
    left join agreed g on g.patient_id = b.patient_id and g.statement_id = s.id and g.bill_id = b.id
    group by b.patient_id, b.id
    having count(g.statement_id) = count(s.id) and count(s.allowed_cents) = count(s.id)
       and min(b.total_cents) > sum(s.allowed_cents)
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
    select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject, 'explanation_of_benefit' as fact_table,
           s.statement_id as fact_id, 'statement' as role
    from found b
    join bill_statement s on s.patient_id = b.patient_id and s.bill_id = b.id
)
select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject,
       case when m.is_declined = 1 then 'EXCLUDED' when m.is_checked = 1 then 'MET'
            else 'DUE' end as status,
       b.open_day as opens_on, b.due_day as due_on, cast(null as bigint) as lapses_on, a.day + 90 as recheck_on,
       case when m.is_declined = 1 then 'declined' end as missing,
       b.biller as say_who, b.issued_from_day as say_billed_on, b.total_cents as say_asked_cents,
       f.allowed_cents as say_allowed_cents, f.total_cents - f.allowed_cents as say_over_cents
from found f
join open_bill b on b.patient_id = f.patient_id and b.id = f.id
cross join as_of a
left join marks m on m.patient_id = b.patient_id and m.id = b.id

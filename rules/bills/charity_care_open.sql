/* ---
title: Financial help of the hospital not asked for
why: Non-profit hospitals must take requests for financial help for 240 days after the first bill, and may not send collectors for 120.
kind: deadline
question: Has {patient} asked {who} for financial help with the bill?
reason: "{who} asks {asked_cents} for hospital care; money is said to be short. Help can be asked for until {due_on}."
met: "Financial help was asked for, or the bill was gone through with the hospital."
next_step: Ask the hospital for its financial assistance form and fill it in together.
missing:
  exact_day: "The day of the first bill is known only by its month, and the 240 days count from it. Ask the hospital."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "26 CFR 1.501(r)-4 to 1.501(r)-6: 240 days to apply, 120 days before collection; own check B25", edition: "2014",
            url: "https://www.irs.gov/charities-non-profits/charitable-organizations/requirements-for-501c3-hospitals-under-the-affordable-care-act-section-501r", valid_from: 2016-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
notes: "Whether the hospital is non-profit is not in the record; the hospital says so itself."
needs: [open_bill, money_settled, active_condition, bill_statement, encounter, plan_statement, value_set_code]
--- */
with
strained as (
    select c.patient_id, c.id as fact_id
    from active_condition c
    join value_set_code v on v.code = c.code and v.value_set = 'money_strain'
),
found as (
    select b.patient_id, b.id
    from open_bill b
    cross join as_of a
    left join encounter e on e.patient_id = b.patient_id and e.id = b.encounter_id
        and e.class_code in ('IMP', 'ACUTE', 'NONAC', 'EMER', 'OBSENC')
    where b.total_cents > 0 and b.issued_from_day + 240 >= a.day
      and exists (select 1 from strained s where s.patient_id = b.patient_id)
      and (e.id is not null
           or exists (select 1 from bill_statement m
                      join plan_statement s on s.patient_id = m.patient_id and s.id = m.statement_id
                      join value_set_code v on v.code = s.code and v.value_set = 'claim_institutional'
                      where m.patient_id = b.patient_id and m.bill_id = b.id))
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
    select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject, 'condition' as fact_table, s.fact_id,
           'money is short' as role
    from found b
    join strained s on s.patient_id = b.patient_id
)
select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject,
       case when m.is_declined = 1 then 'EXCLUDED' when m.is_checked = 1 then 'MET'
            else 'DUE' end as status,
       b.open_day as opens_on, b.issued_from_day + 240 as due_on, b.issued_from_day + 241 as lapses_on, case when b.issued_from_day + 241 < a.day + 90 then b.issued_from_day + 241 else a.day + 90 end as recheck_on,
       case when m.is_declined = 1 then 'declined' end as missing,
       b.biller as say_who, b.issued_from_day as say_billed_on, b.total_cents as say_asked_cents
from found f
join open_bill b on b.patient_id = f.patient_id and b.id = f.id
cross join as_of a
left join marks m on m.patient_id = b.patient_id and m.id = b.id

/* ---
title: Charged beyond a yearly limit
why: A plan's limits hold for the whole year.
kind: conflict
question: Was {patient} charged too much?
reason: "{charged_cents} of {limit_cents}."
met: "The plan was asked to work the claims of {year} out again."
next_step: Call the plan.
missing:
  exact_day: "The day of a service or of a statement is known only by its month. Ask the plan."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "named in each row", edition: "",
            url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/plan_limits.csv
step_kind: bill
harm: 2
needs: [plan_year, current_balance, medicare_amount, money_settled, calendar, value_set_code]
--- */
with
this_year as (
    select t.year
    from as_of a
    cross join calendar t
    where t.calendar_id = 1 and t.day = a.day
),
charged as (
    select f.rule_id, y.patient_id, y.coverage_id, y.year, y.statement_id, y.told_day, y.last_day, f.balance_kind,
           case when f.measure = 'share' then y.share_cents else y.deductible_cents end as charged_cents,
           case when exists (select 1 from value_set_code v where v.code = y.code and v.value_set = 'plan_medicare')
                then f.medicare_name
                when exists (select 1 from value_set_code v where v.code = y.code and v.value_set = 'plan_part_d')
                then f.drug_name end as amount_name
    from plan_year y
    cross join family f
),
-- Medicare's amount of the year of service; else what the payer says of the year that runs
limited as (
    select c.rule_id, c.patient_id, c.coverage_id, c.year, c.statement_id, c.told_day, c.charged_cents, b.id as balance_id,
           coalesce(m.amount, b.allowed_cents) as limit_cents
    from charged c
    cross join this_year today
    left join medicare_amount m on m.name = c.amount_name and m.from_day <= c.last_day and m.until_day >= c.last_day
    left join current_balance b on b.patient_id = c.patient_id and b.coverage_id = c.coverage_id and b.kind = c.balance_kind
        and m.amount is null and c.year = today.year
),
found as (
    select l.rule_id, l.patient_id, l.coverage_id, l.year, l.statement_id, l.told_day, l.charged_cents, l.limit_cents,
           l.balance_id, 'coverage:' || cast(l.coverage_id as varchar(20)) || ':' || cast(l.year as varchar(4)) as subject
    from limited l
    cross join as_of a
    where l.charged_cents > l.limit_cents and l.told_day > a.day - 365
),
marks as (
    select f.rule_id, f.patient_id, f.subject, max(n.is_checked) as is_checked, max(1 - n.is_checked) as is_declined
    from found f
    join money_settled n on n.patient_id = f.patient_id and n.about_id = f.statement_id
    group by f.rule_id, f.patient_id, f.subject
),
evidence as (
    select f.rule_id, f.patient_id, f.subject, 'explanation_of_benefit' as fact_table, f.statement_id as fact_id,
           'newest statement' as role
    from found f
    union all
    select f.rule_id, f.patient_id, f.subject, 'coverage' as fact_table, f.coverage_id as fact_id, 'plan' as role
    from found f
    union all
    select f.rule_id, f.patient_id, f.subject, 'benefit_balance' as fact_table, f.balance_id as fact_id, 'limit' as role
    from found f
    where f.balance_id is not null
    union all
    select f.rule_id, f.patient_id, f.subject, n.fact_table, n.fact_id, 'settled' as role
    from found f
    join money_settled n on n.patient_id = f.patient_id and n.about_id = f.statement_id
)
select f.rule_id, f.patient_id, f.subject,
       case when m.is_declined = 1 then 'EXCLUDED' when m.is_checked = 1 then 'MET' else 'DUE' end as status,
       f.told_day as opens_on, f.told_day + 30 as due_on, f.told_day + 365 as lapses_on,
       case when f.told_day + 365 < a.day + 90 then f.told_day + 365 else a.day + 90 end as recheck_on,
       case when m.is_declined = 1 then 'declined' end as missing,
       f.year as say_year, f.charged_cents as say_charged_cents, f.limit_cents as say_limit_cents,
       f.charged_cents - f.limit_cents as say_over_cents
from found f
cross join as_of a
left join marks m on m.rule_id = f.rule_id and m.patient_id = f.patient_id and m.subject = f.subject

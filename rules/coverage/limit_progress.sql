/* ---
title: Yearly limit of the plan
why: What is reached changes what care costs.
kind: question
question: Is {patient}'s limit reached?
reason: "{used_cents} of {limit_cents}."
met: "{used_cents} of {limit_cents} was used by {told_on}."
next_step: Tell the person.
missing:
  amounts: "The plan does not say how much of the limit is used, or what the limit is."
  exact_day: "The day the limit begins, ends or was last told is known only by its month. Ask the plan."
excluded: {declined: "{patient} does not want to be told of it."}
authority: {name: "45 CFR 156.130 (cost-sharing limits); the plan's own statement of the balance", edition: "2026",
            url: "https://www.healthcare.gov/glossary/out-of-pocket-maximum-limit/", valid_from: 2014-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/limit_progress.csv
step_kind: call
harm: 2
needs: [person, current_balance, active_order, open_bill, contact_made, said_no]
--- */
with
talked as (
    select c.patient_id, c.about_id, max(c.sent_from_day) as day, max(c.id) as fact_id
    from contact_made c
    group by c.patient_id, c.about_id
),
declined as (
    select n.patient_id, n.about_id, max(n.fact_id) as fact_id
    from said_no n
    where n.fact_table = 'communication'
    group by n.patient_id, n.about_id
),
-- it matters to whom care or a bill is waiting
waiting as (
    select patient_id from active_order
    union
    select patient_id from open_bill
),
judged as (
    select f.rule_id, b.patient_id, b.id, b.coverage_id, b.allowed_cents, b.used_cents, b.created_from_day, b.end_to_day,
           t.fact_id as talk_id, d.fact_id as no_id,
           case when b.allowed_cents is null or b.used_cents is null then 'amounts'
                when b.used_cents < b.allowed_cents or w.patient_id is null then 'met'
                when d.fact_id is not null then 'declined' when t.fact_id is not null then 'met' else 'due' end as verdict
    from current_balance b
    join person p on p.patient_id = b.patient_id
    join family f on f.balance_kind = b.kind
    left join waiting w on w.patient_id = b.patient_id
    left join talked t on t.patient_id = b.patient_id and t.about_id = b.coverage_id and t.day >= b.start_from_day
    left join declined d on d.patient_id = b.patient_id and d.about_id = b.coverage_id
),
named as (
    select j.rule_id, j.patient_id, 'limit:' || cast(j.coverage_id as varchar(20)) as subject, j.id, j.coverage_id, j.allowed_cents,
           j.used_cents, j.created_from_day, j.end_to_day, j.talk_id, j.no_id, j.verdict
    from judged j
),
evidence as (
    select n.rule_id, n.patient_id, n.subject, 'benefit_balance' as fact_table, n.id as fact_id, 'balance' as role
    from named n
    union all
    select n.rule_id, n.patient_id, n.subject, 'coverage' as fact_table, n.coverage_id as fact_id, 'plan' as role
    from named n
    union all
    select n.rule_id, n.patient_id, n.subject, 'communication' as fact_table, coalesce(n.no_id, n.talk_id) as fact_id,
           'talked about' as role
    from named n
    where n.no_id is not null or n.talk_id is not null
)
select n.rule_id, n.patient_id, n.subject,
       case n.verdict when 'amounts' then 'UNKNOWN' when 'declined' then 'EXCLUDED' when 'met' then 'MET' else 'DUE' end as status,
       n.created_from_day as opens_on, coalesce(n.end_to_day - 30, n.created_from_day + 30) as due_on, n.end_to_day + 1 as lapses_on,
       case when n.end_to_day + 1 < a.day + 90 then n.end_to_day + 1 else a.day + 90 end as recheck_on,
       case n.verdict when 'amounts' then 'amounts' when 'declined' then 'declined' end as missing,
       n.used_cents as say_used_cents, n.allowed_cents as say_limit_cents, n.created_from_day as say_told_on,
       n.end_to_day as say_until_on
from named n
cross join as_of a

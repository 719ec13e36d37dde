/* ---
title: Screening colonoscopy that turned into treatment
why: "A polyp found and taken out does not make the screening a treatment to pay for: nothing with private insurance, a small share with Medicare."
kind: conflict
question: Is {patient} asked for more than the share of a screening colonoscopy?
reason: "{who} left {share_cents} of the colonoscopy of {service_on} to the person. Medicare leaves at most {percent} percent of what it allows, private insurance leaves nothing."
met: "Somebody asked about it."
next_step: Ask the billing office to send it again as a screening that turned into treatment.
missing:
  plan: "Nobody says which insurance paid; Medicare's share differs from private insurance."
  amount: "Medicare's share for that day, or what it allows, is not known."
  exact_day: "The day of the colonoscopy, or since when the insurance holds, is known only by its month. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "Consolidated Appropriations Act 2021, section 122 (Medicare: 15 percent 2023 to 2026, 10 percent 2027 to 2029, none from 2030); own check B12", edition: "2021",
            url: "https://www.congress.gov/bill/116th-congress/house-bill/133", valid_from: 2022-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
needs: [charged_item, case_fact, case_settled, statement_plan, medicare_amount, value_set_code]
--- */
with
marked as (
    select c.patient_id, c.subject, c.line_id, c.statement_id, c.share_cents, c.allowed_cents, c.service_from_day
    from charged_item c
    join value_set_code v on v.code = c.modifier and v.value_set = 'screening_turned_treatment'
    where coalesce(c.network, 'in') <> 'out'
),
payers as (
    select s.patient_id, s.statement_id, count(case when v.value_set = 'plan_any_medicare' then s.coverage_id end) as medicares
    from statement_plan s
    join value_set_code v on v.code = s.code and v.value_set in ('plan_any_medicare', 'plan_commercial')
    group by s.patient_id, s.statement_id
),
judged as (
    select m.patient_id, m.subject, m.line_id, m.share_cents,
           case when p.statement_id is null then 'plan'
                when p.medicares = 0 then 'due'
                when x.amount is null or m.allowed_cents is null then 'amount'
                when m.share_cents * 100 > x.amount * m.allowed_cents then 'due'
                else 'fine' end as verdict
    from marked m
    left join payers p on p.patient_id = m.patient_id and p.statement_id = m.statement_id
    left join medicare_amount x on x.name = 'polyp_percent' and x.from_day <= m.service_from_day
        and x.until_day >= m.service_from_day
),
lines as (
    select patient_id, subject, line_id, share_cents, verdict
    from judged
    where verdict <> 'fine'
),
found as (
    select patient_id, subject, min(line_id) as line_id, sum(share_cents) as share_cents,
           count(case when verdict = 'due' then line_id end) as due_lines,
           count(case when verdict = 'plan' then line_id end) as plan_lines
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
       case when s.is_declined = 1 then 'EXCLUDED' when s.is_checked = 1 then 'MET' 
            when f.due_lines > 0 then 'DUE' else 'UNKNOWN' end as status,
       c.open_day as opens_on, c.due_day as due_on, c.lapse_day as lapses_on, c.next_day as recheck_on,
       case when s.is_declined = 1 then 'declined' when s.is_checked = 1 or f.due_lines > 0 then null
            when f.plan_lines > 0 then 'plan' else 'amount' end as missing,
       c.provider as say_who, c.service_to_day as say_service_on, f.share_cents as say_share_cents,
       x.amount as say_percent
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject
left join medicare_amount x on x.name = 'polyp_percent' and x.from_day <= c.service_from_day
    and x.until_day >= c.service_from_day

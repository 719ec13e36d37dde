/* ---
title: Insulin above the monthly limit
why: A month of a covered insulin costs a Medicare member at most 35 dollars.
kind: conflict
question: Was {patient} charged more than {limit_cents} a month for insulin?
reason: "{who} charged {share_cents} for {what} of {service_on}; the limit is {limit_cents} for a month's supply. {supply}"
met: "Somebody asked about it."
next_step: Ask the pharmacy and the drug plan to correct it and to give back what was paid.
missing:
  days: "Nobody says how many days the fill is for; up to three months may cost up to three times the limit."
  exact_day: "The day of the fill, or of the charge for it, is known only by its month. Ask the pharmacy."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "Inflation Reduction Act, sections 11406 and 11407 (insulin, 35 dollars a month); own check B26", edition: "2022",
            url: "https://www.medicare.gov/coverage/insulin", valid_from: 2023-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
needs: [charged_item, case_fact, case_settled, statement_plan, medicine, ingredient_class, completed_fill,
        medicare_amount, concept_words, value_set_code]
--- */
with
fills as (
    select c.patient_id, c.line_id, max(f.days_supply) as days
    from charged_item c
    join completed_fill f on f.patient_id = c.patient_id and f.code = c.code and f.filled_from_day = c.service_from_day
    group by c.patient_id, c.line_id
),
priced as (
    select distinct c.patient_id, c.subject, c.line_id, c.share_cents, f.days, x.amount
    from charged_item c
    join medicine i on i.code = c.code
    join ingredient_class k on k.ingredient = i.ingredient and k.class_name in ('insulin_basal', 'insulin_rapid')
    join medicare_amount x on x.name = 'insulin_month' and x.from_day <= c.service_from_day
        and x.until_day >= c.service_from_day
    left join fills f on f.patient_id = c.patient_id and f.line_id = c.line_id
    where exists (select 1 from statement_plan s
                  join value_set_code v on v.code = s.code and v.value_set in ('plan_any_medicare', 'plan_part_d')
                  where s.patient_id = c.patient_id and s.statement_id = c.statement_id)
),
lines as (
    select patient_id, subject, line_id, share_cents, amount,
           case when days is null and share_cents <= 3 * amount then 'days' else 'due' end as verdict
    from priced
    where share_cents > amount * case when days > 60 then 3 when days > 31 then 2 else 1 end
),
found as (
    select patient_id, subject, min(line_id) as line_id, sum(share_cents) as share_cents, min(amount) as amount,
           count(case when verdict = 'due' then line_id end) as due_lines
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
            else 'days' end as missing,
       c.provider as say_who, c.service_to_day as say_service_on, f.share_cents as say_share_cents,
       coalesce(w.words, 'insulin') as say_what, f.amount as say_limit_cents,
       case when f.due_lines = 0 then 'How many days it is for is not said.' else '' end as say_supply
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject
left join concept_words w on w.code = c.code

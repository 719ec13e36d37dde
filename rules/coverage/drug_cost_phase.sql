/* ---
title: Phase of the Medicare drug plan
why: "What a fill costs depends on the phase of the year: deductible, then a quarter, then nothing above the yearly limit."
kind: question
question: Does {patient} want to spread the drug costs of {year} over the months?
reason: "{used_cents} of the yearly limit of {limit_cents} was paid for drugs in {year}: {phase}. One fill cost {largest_cents}, from which on monthly payments usually help."
met: "{used_cents} of the yearly limit of {limit_cents} was paid for drugs in {year}: {phase}."
next_step: Ask the drug plan about the Medicare Prescription Payment Plan, which spreads the cost over the year.
missing:
  share: "Some drug statements of the year do not say what was paid, so the phase is not sure."
  exact_day: "The day of a fill, of a statement or of what was said about it is known only by its month. Ask the drug plan."
excluded:
  declined: "{patient} does not want monthly payments."
  help: "Extra Help pays most of the drug costs; the phases do not apply."
authority: {name: "CMS, Part D benefit of the year and the Medicare Prescription Payment Plan (likely to help from 600 dollars for one fill)", edition: "2026",
            url: "https://www.cms.gov/inflation-reduction-act-and-medicare/part-d-improvements", valid_from: 2025-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 1
needs: [person, plan_statement, coverage, medicare_amount, contact_made, said_no, calendar, value_set_code]
--- */
with
this_year as (
    select t.year
    from as_of a
    cross join calendar t
    where t.calendar_id = 1 and t.day = a.day
),
-- the months of a year are numbered through: January is the first of the twelve
year_ends as (
    select january.day as first_day, next_january.day - 1 as last_day
    from as_of a
    cross join calendar t
    cross join calendar january
    cross join calendar next_january
    where t.calendar_id = 1 and t.day = a.day
      and january.calendar_id = 1 and january.month_index = t.month_index - t.month + 1 and january.day_of_month = 1
      and next_january.calendar_id = 1 and next_january.month_index = t.month_index - t.month + 13
      and next_january.day_of_month = 1
),
statements as (
    select s.patient_id, s.coverage_id, s.id, s.patient_share_cents, s.created_from_day, y.year
    from plan_statement s
    join person p on p.patient_id = s.patient_id
    join coverage v on v.patient_id = s.patient_id and v.id = s.coverage_id
    join value_set_code k on k.code = v.code and k.value_set = 'plan_part_d'
    join calendar y on y.calendar_id = 1 and y.day = s.service_from_day
    join this_year today on today.year = y.year
    where v.status = 'active'
),
years as (
    select patient_id, coverage_id, year, coalesce(sum(patient_share_cents), 0) as used_cents, max(patient_share_cents) as largest_cents,
           count(case when patient_share_cents is null then id end) as silent_count, max(id) as statement_id, max(created_from_day) as told_day
    from statements
    group by patient_id, coverage_id, year
),
-- the amounts of the running year
amounts as (
    select max(case when m.name = 'part_d_deductible' then m.amount end) as deductible_cents,
           max(case when m.name = 'part_d_limit' then m.amount end) as limit_cents,
           max(case when m.name = 'part_d_smoothing' then m.amount end) as smoothing_cents
    from medicare_amount m
    cross join as_of a
    where m.from_day <= a.day and m.until_day >= a.day
),
helped as (
    select distinct v.patient_id
    from coverage v
    join value_set_code k on k.code = v.code and k.value_set = 'plan_extra_help'
    where v.status = 'active'
),
talked as (
    select c.patient_id, c.about_id, max(c.sent_from_day) as day, max(c.id) as fact_id
    from contact_made c
    cross join as_of a
    where c.sent_from_day > a.day - 365
    group by c.patient_id, c.about_id
),
declined as (
    select n.patient_id, n.about_id, max(n.fact_id) as fact_id
    from said_no n
    where n.fact_table = 'communication'
    group by n.patient_id, n.about_id
),
judged as (
    select y.patient_id, y.coverage_id, y.year, y.used_cents, y.largest_cents, y.statement_id, y.told_day,
           x.limit_cents, t.fact_id as talk_id, d.fact_id as no_id,
           case when y.used_cents >= x.limit_cents then 'above the limit, covered drugs cost nothing more'
                when y.used_cents >= x.deductible_cents then 'past the deductible at its highest, a quarter of the price is paid'
                else 'within what the deductible can be' end as phase,
           case when h.patient_id is not null then 'help'
                when d.fact_id is not null then 'declined'
                when y.used_cents >= x.limit_cents or t.fact_id is not null then 'met'
                when y.largest_cents >= x.smoothing_cents then 'due'
                when y.silent_count > 0 then 'share'
                else 'met' end as verdict
    from years y
    cross join amounts x
    left join helped h on h.patient_id = y.patient_id
    left join talked t on t.patient_id = y.patient_id and t.about_id = y.statement_id
    left join declined d on d.patient_id = y.patient_id and d.about_id = y.statement_id
    where x.limit_cents is not null
),
named as (
    select j.patient_id, 'drug-costs:' || cast(j.coverage_id as varchar(20)) as subject, j.coverage_id, j.statement_id,
           j.talk_id, j.no_id, j.told_day, j.year, j.used_cents, j.limit_cents, j.largest_cents, j.phase, j.verdict
    from judged j
),
evidence as (
    select n.patient_id, n.subject, 'explanation_of_benefit' as fact_table, n.statement_id as fact_id, 'newest statement' as role
    from named n
    union all
    select n.patient_id, n.subject, 'coverage' as fact_table, n.coverage_id as fact_id, 'plan' as role
    from named n
    union all
    select n.patient_id, n.subject, 'communication' as fact_table, coalesce(n.no_id, n.talk_id) as fact_id, 'talked about' as role
    from named n
    where n.no_id is not null or n.talk_id is not null
)
select n.patient_id, n.subject,
       case n.verdict when 'help' then 'EXCLUDED' when 'declined' then 'EXCLUDED' when 'due' then 'DUE' when 'share' then 'UNKNOWN'
                      else 'MET' end as status,
       z.first_day as opens_on, n.told_day + 30 as due_on, z.last_day + 1 as lapses_on,
       case when z.last_day + 1 < a.day + 90 then z.last_day + 1 else a.day + 90 end as recheck_on,
       case n.verdict when 'help' then 'help' when 'declined' then 'declined' when 'share' then 'share' end as missing,
       n.year as say_year, n.used_cents as say_used_cents, n.limit_cents as say_limit_cents, n.largest_cents as say_largest_cents,
       n.phase as say_phase
from named n
cross join as_of a
cross join year_ends z

/* ---
title: Influenza vaccine of the season
why: Influenza kills thousands each winter; the vaccine works best before it comes.
kind: deadline
question: Has {patient} had the influenza vaccine of {season}?
reason: "{found} of the season {season} is on record; best by the end of October."
next_step: Offer the vaccine and book it.
missing:
  report: "It is said to be done, but no record with an exact day is here."
  birth: "The day of birth is not exact enough to tell the age."
  history: "No preventive history is on file; what was had before is asked first."
excluded:
  hospice: "{patient} is in hospice or palliative care."
  declined: "{patient} declined it for this season."
authority: {name: "CDC, Advisory Committee on Immunization Practices, seasonal influenza", edition: "2025-26, each season since 2010",
            url: "https://www.cdc.gov/flu/hcp/acip/index.html", valid_from: 2010-08-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: book
books: cvx|140
harm: 3
folds_into: "screening:yearly"
needs: [person, given_vaccine, done_procedure, said_done, said_no, hospice_care, future_appointment, no_preventive_history, calendar, value_set_code]
--- */
with
-- the season that matters on as_of: from April on it is the coming one. A vaccine counts from July to June.
season as (
    select t.day as today, y.day as first_day, y.day + 62 as open_day, o.day as due_day, m.day as over_day, y.year as year
    from as_of a
    join calendar t on t.calendar_id = 1 and t.day = a.day
    join calendar y on y.calendar_id = 1 and y.day_of_month = 1
        and y.month_index = case when t.month < 4 then t.year - 1 else t.year end * 12 + 6
    join calendar o on o.calendar_id = 1 and o.month_index = y.month_index + 3 and o.day_of_month = 31
    join calendar m on m.calendar_id = 1 and m.month_index = y.month_index + 9 and m.day_of_month = 1
),
-- six months of age or more
members as (
    select p.patient_id, half.day as half_day,
           case when half.day <= s.today then 'yes' else 'maybe' end as old_enough
    from person p
    cross join season s
    join calendar early on early.calendar_id = 1 and early.day = p.birth_from_day
    join calendar soon on soon.calendar_id = 1 and soon.month_index = early.month_index + 6
        and soon.day_of_month = case when early.day_of_month > soon.days_in_month
                                     then soon.days_in_month else early.day_of_month end
    join calendar late on late.calendar_id = 1 and late.day = p.birth_to_day
    join calendar half on half.calendar_id = 1 and half.month_index = late.month_index + 6
        and half.day_of_month = case when late.day_of_month > half.days_in_month
                                     then half.days_in_month else late.day_of_month end
    where soon.day <= s.today
),
given as (
    select g.patient_id, g.given_from_day as from_day, g.given_to_day as to_day, 'immunization' as fact_table, g.id as fact_id
    from given_vaccine g
    join value_set_code v on v.code = g.code and v.value_set = 'influenza_vaccine'
    union all
    select d.patient_id, d.done_from_day as from_day, d.done_to_day as to_day, 'procedure' as fact_table, d.id as fact_id
    from done_procedure d
    join value_set_code v on v.code = d.code and v.value_set = 'influenza_vaccine'
    union all
    select c.patient_id, cast(null as bigint) as from_day, c.sent_from_day as to_day, 'communication' as fact_table,
           c.id as fact_id
    from said_done c
    join value_set_code v on v.code = c.code and v.value_set = 'influenza_vaccine'
),
of_season as (
    select g.patient_id, g.fact_table, g.fact_id, case when g.from_day >= s.first_day then 'sure' else 'maybe' end as how
    from given g
    cross join season s
    where g.to_day >= s.first_day
),
vaccinated as (
    select patient_id, count(case when how = 'sure' then fact_id end) as sure
    from of_season
    group by patient_id
),
declined as (
    select n.patient_id, n.fact_table, n.fact_id
    from said_no n
    join value_set_code v on v.code = n.code and v.value_set = 'influenza_vaccine'
    cross join season s
    where n.day >= s.first_day
),
booked as (
    select b.patient_id, b.id, b.start_to_day + 1 as free_day
    from future_appointment b
    join value_set_code v on v.code = b.code and v.value_set = 'influenza_vaccine'
    where b.status = 'booked'
),
-- looked up once, told twice
in_hospice as (
    select h.patient_id, h.fact_table, h.fact_id
    from hospice_care h
),
judged as (
    select m.patient_id, m.half_day, k.free_day, 'vaccine:influenza-' || cast(s.year as varchar(20)) as subject,
           s.today, s.year, s.open_day, s.due_day, s.over_day,
           case when h.patient_id is not null then 'hospice'
                when v.sure > 0 then 'met'
                when d.patient_id is not null then 'declined'
                when v.patient_id is not null then 'report'
                when m.old_enough = 'maybe' then 'birth'
                when n.patient_id is not null then 'history'
                else 'due' end as verdict
    from members m
    cross join season s
    left join vaccinated v on v.patient_id = m.patient_id
    left join (select distinct patient_id from declined) d on d.patient_id = m.patient_id
    left join (select distinct patient_id from in_hospice) h on h.patient_id = m.patient_id
    left join no_preventive_history n on n.patient_id = m.patient_id
    left join (select patient_id, min(free_day) as free_day from booked group by patient_id) k
        on k.patient_id = m.patient_id
),
soonest as (
    select j.patient_id,
           case when j.verdict = 'birth' then j.today + 1 when j.free_day < j.over_day then j.free_day else j.over_day end as day
    from judged j
),
evidence as (
    select j.patient_id, j.subject, g.fact_table, g.fact_id, 'vaccine' as role
    from judged j
    join of_season g on g.patient_id = j.patient_id
    union all
    select j.patient_id, j.subject, d.fact_table, d.fact_id, 'declined' as role
    from judged j
    join declined d on d.patient_id = j.patient_id
    union all
    select j.patient_id, j.subject, 'appointment' as fact_table, k.id as fact_id, 'booked' as role
    from judged j
    join booked k on k.patient_id = j.patient_id
    union all
    select j.patient_id, j.subject, h.fact_table, h.fact_id, 'exclusion' as role
    from judged j
    join in_hospice h on h.patient_id = j.patient_id
)
select j.patient_id, j.subject,
       case j.verdict when 'met' then 'MET' when 'due' then 'DUE' when 'report' then 'UNKNOWN' when 'birth' then 'UNKNOWN'
                      when 'history' then 'UNKNOWN'
                      else 'EXCLUDED' end as status,
       case when j.free_day is not null then j.free_day when j.half_day > j.open_day then j.half_day
            else j.open_day end as opens_on,
       j.due_day as due_on, j.over_day as lapses_on,
       case when s.day < j.today + 90 then s.day else j.today + 90 end as recheck_on,
       case j.verdict when 'report' then 'report' when 'birth' then 'birth'
                      when 'history' then 'history' when 'hospice' then 'hospice' when 'declined' then 'declined' end as missing,
       cast(j.year as varchar(20)) || '-' || cast(j.year + 1 as varchar(20)) as say_season,
       case when j.verdict = 'met' then 'An influenza vaccine' else 'No influenza vaccine' end as say_found
from judged j
join soonest s on s.patient_id = j.patient_id

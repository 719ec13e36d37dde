/* ---
title: Pneumococcal vaccine
why: Pneumococcal pneumonia and blood infection kill older people; one dose protects for years.
kind: gap
question: Has {patient} completed the pneumococcal vaccine?
reason: "From 50 on, or from 19 on with a risk on record: PCV20 or PCV21 once, or PCV15 and then PPSV23. {found}"
next_step: Offer PCV20 or PCV21 and book it.
missing:
  which: "A pneumococcal vaccine was given, but nobody says which one."
  birth: "The day of birth is not exact enough to tell the age."
  history: "No preventive history is on file; what was had before is asked first."
excluded:
  hospice: "{patient} is in hospice or palliative care."
  declined: "{patient} declined it; asked again {opens_on}."
authority: {name: "CDC, Advisory Committee on Immunization Practices, pneumococcal vaccine for adults", edition: "October 2024 (from 50; before from 65)",
            url: "https://www.cdc.gov/pneumococcal/hcp/vaccine-recommendations/index.html", valid_from: 2024-10-23}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: book
books: cvx|216
harm: 3
folds_into: "screening:yearly"
needs: [person, given_vaccine, active_condition, said_no, hospice_care, future_appointment, no_preventive_history, calendar, value_set_code]
--- */
with
-- illnesses and habits for which it is given from 19 on
risk as (
    select c.patient_id, c.id
    from active_condition c
    join value_set_code v on v.code = c.code and v.value_set = 'vaccine_risk_pneumococcal'
),
members as (
    select p.patient_id, late.month_index as birth_month, late.day_of_month as birth_day_of_month, enter.day as enter_day,
           case when p.age_low >= 50 or r.patient_id is not null and p.age_low >= 19 then 'yes' else 'maybe' end as old_enough
    from person p
    left join (select distinct patient_id from risk) r on r.patient_id = p.patient_id
    join calendar late on late.calendar_id = 1 and late.day = p.birth_to_day
    join calendar enter on enter.calendar_id = 1 and enter.month_index = late.month_index + case when r.patient_id is not null then 228 else 600 end
        and enter.day_of_month = case when late.day_of_month > enter.days_in_month
                                      then enter.days_in_month else late.day_of_month end
    where p.age_high >= 50 or r.patient_id is not null and p.age_high >= 19
),
doses as (
    select g.patient_id, v.value_set, g.given_to_day as day, g.id, c.month_index, c.day_of_month
    from given_vaccine g
    join value_set_code v on v.code = g.code and v.value_set in ('pneumococcal_20_21', 'pneumococcal_15', 'pneumococcal_13',
                                                                 'pneumococcal_23', 'pneumococcal_unspecified')
    left join calendar c on c.calendar_id = 1 and c.day = g.given_to_day
),
-- a polysaccharide dose after PCV15 completes it; after PCV13 only when given at 65 or later
completed as (
    select d.patient_id
    from doses d
    where d.value_set = 'pneumococcal_20_21'
    union all
    select d.patient_id
    from doses d
    join doses first on first.patient_id = d.patient_id and first.value_set = 'pneumococcal_15' and first.day < d.day
    where d.value_set = 'pneumococcal_23'
    union all
    select d.patient_id
    from doses d
    join doses other on other.patient_id = d.patient_id and other.value_set = 'pneumococcal_13'
    join members m on m.patient_id = d.patient_id
    where d.value_set = 'pneumococcal_23'
      and d.month_index - m.birth_month - case when d.day_of_month < m.birth_day_of_month then 1 else 0 end >= 780
),
last_dose as (
    select d.patient_id, max(d.day) as day, max(case when d.value_set = 'pneumococcal_23' then d.day end) as day_23,
           count(case when d.value_set = 'pneumococcal_13' then d.id end) as of_13,
           count(case when d.value_set = 'pneumococcal_unspecified' then d.id end) as unspecified
    from doses d
    group by d.patient_id
),
-- the next dose waits a year; after PCV13 and a polysaccharide dose before 65, five years from the latter
waits as (
    select l.patient_id, l.day + 365 as day
    from last_dose l
    union all
    select l.patient_id, l.day_23 + 1826 as day
    from last_dose l
    where l.of_13 > 0
),
declined as (
    select n.patient_id, n.day, n.fact_table, n.fact_id
    from said_no n
    join value_set_code v on v.code = n.code and v.value_set = 'pneumococcal_vaccine'
    cross join as_of a
    where n.day + 365 > a.day
),
booked as (
    select b.patient_id, b.id, b.start_to_day + 1 as free_day
    from future_appointment b
    join value_set_code v on v.code = b.code and v.value_set = 'pneumococcal_vaccine'
    where b.status = 'booked'
),
-- looked up once, told twice
in_hospice as (
    select h.patient_id, h.fact_table, h.fact_id
    from hospice_care h
),
judged as (
    select m.patient_id, m.enter_day, l.day as last_day,  w.again_day, d.until_day, k.free_day,
           case when h.patient_id is not null then 'hospice'
                when c.patient_id is not null then 'met'
                when d.until_day is not null then 'declined'
                when l.unspecified > 0 then 'which'
                when m.old_enough = 'maybe' then 'birth'
                when n.patient_id is not null then 'history'
                else 'due' end as verdict
    from members m
    left join (select distinct patient_id from completed) c on c.patient_id = m.patient_id
    left join no_preventive_history n on n.patient_id = m.patient_id
    left join last_dose l on l.patient_id = m.patient_id
    left join (select patient_id, max(day) as again_day from waits group by patient_id) w on w.patient_id = m.patient_id
    left join (select patient_id, max(day) + 365 as until_day from declined group by patient_id) d
        on d.patient_id = m.patient_id
    left join (select patient_id, min(free_day) as free_day from booked group by patient_id) k
        on k.patient_id = m.patient_id
    left join (select distinct patient_id from in_hospice) h on h.patient_id = m.patient_id
),
dated as (
    select j.patient_id, j.verdict, j.last_day,
           case when j.verdict in ('hospice', 'met') then null
                when j.verdict = 'declined' then j.until_day
                when j.free_day is not null then j.free_day
                when j.again_day > j.enter_day then j.again_day
                else j.enter_day end as open_day,
           case when j.verdict = 'birth' then a.day + 1
                when j.verdict = 'declined' then j.until_day
                when j.verdict in ('which', 'due', 'history') then j.free_day end as next_day
    from judged j
    cross join as_of a
),
evidence as (
    select m.patient_id, 'vaccine:pneumococcal' as subject, 'condition' as fact_table, r.id as fact_id, 'raises the risk' as role
    from members m
    join risk r on r.patient_id = m.patient_id
    union all
    select m.patient_id, 'vaccine:pneumococcal' as subject, 'immunization' as fact_table, d.id as fact_id, 'dose' as role
    from members m
    join doses d on d.patient_id = m.patient_id
    union all
    select m.patient_id, 'vaccine:pneumococcal' as subject, d.fact_table, d.fact_id, 'declined' as role
    from members m
    join declined d on d.patient_id = m.patient_id
    union all
    select m.patient_id, 'vaccine:pneumococcal' as subject, 'appointment' as fact_table, k.id as fact_id, 'booked' as role
    from members m
    join booked k on k.patient_id = m.patient_id
    union all
    select m.patient_id, 'vaccine:pneumococcal' as subject, h.fact_table, h.fact_id, 'exclusion' as role
    from members m
    join in_hospice h on h.patient_id = m.patient_id
)
select d.patient_id, 'vaccine:pneumococcal' as subject,
       case d.verdict when 'met' then 'MET' when 'due' then 'DUE' when 'which' then 'UNKNOWN' when 'birth' then 'UNKNOWN'
                      when 'history' then 'UNKNOWN'
                      else 'EXCLUDED' end as status,
       d.open_day as opens_on, d.open_day + 180 as due_on, cast(null as bigint) as lapses_on,
       case when d.next_day < a.day + 90 then d.next_day else a.day + 90 end as recheck_on,
       case d.verdict when 'which' then 'which' when 'birth' then 'birth'
                      when 'history' then 'history' when 'hospice' then 'hospice' when 'declined' then 'declined' end as missing,
       case when d.verdict = 'met' then 'It is complete.' when d.last_day is not null then 'What is on record is not complete.'
            else 'None is on record.' end as say_found
from dated d
cross join as_of a

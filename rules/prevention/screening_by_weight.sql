/* ---
title: Screening by body mass index
why: Found early, it can be turned.
kind: gap
question: Is it arranged for {patient}?
reason: "Body mass index {bmi} on {measured_on}; last one {last_on}."
next_step: Offer it.
missing:
  report: "It is said to be done, but no report with an exact day is here."
  birth: "The day of birth is not exact enough to tell the age."
excluded:
  hospice: "{patient} is in hospice or palliative care, where screening stops."
  grave: "A grave illness on record leaves no time in which this could help."
  frail: "{patient} lives in a nursing home, or is frail and gravely ill; from 66 on the clinician decides then."
  pregnant: "{patient} is pregnant; weight and sugar are the maternity clinic's then."
  known: "It does not apply: the record names a condition that has care of its own."
  declined: "{patient} said no; asked again {opens_on}."
authority: {name: named in each row, edition: "", url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/weight_checks.csv
whole: [bmi_from, age_from, age_to, months, days_to_act]
step_kind: book
needs: [person, final_result, done_test, declined_lately, active_condition, screening_stopped, pregnant, booked_visit, calendar,
        value_set_code]
--- */
with
-- the newest body mass index of the last two years
measured as (
    select r.patient_id, r.id, r.taken_from_day, r.value_micro, r.value_text,
           row_number() over (partition by r.patient_id order by r.taken_from_day desc nulls last, r.id desc nulls last) as place
    from final_result r
    join value_set_code v on v.code = r.code and v.value_set = 'body_mass_index'
    cross join as_of a
    where r.value_micro is not null and r.taken_from_day > a.day - 730
),
members as (
    select f.rule_id, f.tests_set, f.exclude_set, f.months, f.days_to_act, f.subject, p.patient_id, m.id as bmi_id,
           m.taken_from_day, m.value_text as bmi,
           leave.day - 1 + case when born.day_of_month > leave.days_in_month then leave.days_in_month
                                else born.day_of_month end as leave_day,
           case when p.age_low >= f.age_from and p.age_high <= f.age_to then 'sure' else 'maybe' end as age
    from measured m
    cross join person p
    join family f on f.bmi_from * 1000000 <= m.value_micro and f.age_from <= p.age_high and f.age_to >= p.age_low
    join calendar born on born.calendar_id = 1 and born.day = p.birth_to_day
    left join calendar leave on leave.calendar_id = 1 and leave.month_index = born.month_index + f.age_to * 12 + 12
        and leave.day_of_month = 1
    where m.place = 1 and p.patient_id = m.patient_id
),
seen as (
    select m.rule_id, m.patient_id, m.months, t.from_day, t.to_day, t.fact_table, t.fact_id,
           row_number() over (partition by m.rule_id, m.patient_id
                              order by t.to_day desc nulls last, t.fact_id desc nulls last) as place
    from members m
    join done_test t on t.patient_id = m.patient_id
    join value_set_code v on v.code = t.code and v.value_set = m.tests_set
),
-- until when the newest holds, surely and at the latest
last_seen as (
    select s.rule_id, s.patient_id, s.to_day as last_day,
           sure.day - 1 + case when c1.day_of_month > sure.days_in_month then sure.days_in_month
                               else c1.day_of_month end as sure_until,
           latest.day - 1 + case when c2.day_of_month > latest.days_in_month then latest.days_in_month
                                 else c2.day_of_month end as last_until
    from seen s
    cross join calendar c2
    join calendar latest on latest.calendar_id = 1 and latest.month_index = c2.month_index + s.months
        and latest.day_of_month = 1
    left join calendar c1 on c1.calendar_id = 1 and c1.day = s.from_day
    left join calendar sure on sure.calendar_id = 1 and sure.month_index = c1.month_index + s.months
        and sure.day_of_month = 1
    where s.place = 1 and c2.calendar_id = 1 and c2.day = s.to_day
),
barred as (
    select m.rule_id, m.patient_id, x.weight, x.fact_table, x.fact_id
    from members m
    join screening_stopped x on x.patient_id = m.patient_id
    union all
    select m.rule_id, m.patient_id, 4 as weight, g.fact_table, g.fact_id
    from members m
    join pregnant g on g.patient_id = m.patient_id
    union all
    select m.rule_id, m.patient_id, 5 as weight, 'condition' as fact_table, c.id as fact_id
    from members m
    join active_condition c on c.patient_id = m.patient_id
    join value_set_code v on v.code = c.code and v.value_set = m.exclude_set
),
declined as (
    select m.rule_id, m.patient_id, n.until_day, n.fact_table, n.fact_id
    from members m
    join declined_lately n on n.patient_id = m.patient_id
    join value_set_code v on v.code = n.code and v.value_set = m.tests_set
),
booked as (
    select m.rule_id, m.patient_id, b.id, b.free_day
    from members m
    join booked_visit b on b.patient_id = m.patient_id
    join value_set_code v on v.code = b.code and v.value_set = m.tests_set
),
judged as (
    select m.rule_id, m.patient_id, m.subject, m.days_to_act, m.leave_day, m.taken_from_day, m.bmi, t.last_day, t.sure_until,
           t.last_until, d.until_day, k.free_day,
           case when x.weight = 1 then 'hospice'
                when x.weight = 2 then 'grave'
                when x.weight = 3 then 'frail'
                when x.weight = 4 then 'pregnant'
                when x.weight = 5 then 'known'
                when t.sure_until > a.day then 'met'
                when d.patient_id is not null then 'declined'
                when t.last_until > a.day then 'report'
                when m.age = 'maybe' then 'birth'
                else 'due' end as verdict
    from members m
    cross join as_of a
    left join last_seen t on t.rule_id = m.rule_id and t.patient_id = m.patient_id
    left join (select rule_id, patient_id, min(weight) as weight from barred group by rule_id, patient_id) x
        on x.rule_id = m.rule_id and x.patient_id = m.patient_id
    left join (select rule_id, patient_id, max(until_day) as until_day from declined group by rule_id, patient_id) d
        on d.rule_id = m.rule_id and d.patient_id = m.patient_id
    left join (select rule_id, patient_id, min(free_day) as free_day from booked group by rule_id, patient_id) k
        on k.rule_id = m.rule_id and k.patient_id = m.patient_id
),
dated as (
    select j.rule_id, j.patient_id, j.subject, j.verdict, j.last_day, j.days_to_act, j.taken_from_day, j.bmi, j.leave_day,
           case j.verdict when 'met' then j.sure_until
                          when 'declined' then j.until_day
                          else coalesce(j.free_day, case when j.last_until > j.taken_from_day then j.last_until
                                                         else j.taken_from_day end) end as open_day,
           case j.verdict when 'met' then j.sure_until
                          when 'declined' then j.until_day
                          when 'report' then j.last_until
                          when 'birth' then a.day + 1
                          else j.free_day end as next_day
    from judged j
    cross join as_of a
),
change as (
    select d.rule_id, d.patient_id, d.next_day as day
    from dated d
    union all
    select d.rule_id, d.patient_id, d.leave_day as day
    from dated d
    union all
    select d.rule_id, d.patient_id, d.taken_from_day + 730 as day
    from dated d
    union all
    select d.rule_id, d.patient_id, a.day + 90 as day
    from dated d
    cross join as_of a
),
soonest as (
    select c.rule_id, c.patient_id, min(c.day) as day
    from change c
    group by c.rule_id, c.patient_id
),
evidence as (
    select m.rule_id, m.patient_id, m.subject, 'observation' as fact_table, m.bmi_id as fact_id, 'weight' as role
    from members m
    union all
    select s.rule_id, s.patient_id, f.subject, s.fact_table, s.fact_id, 'last' as role
    from seen s
    join family f on f.rule_id = s.rule_id
    where s.place = 1
    union all
    select b.rule_id, b.patient_id, f.subject, b.fact_table, b.fact_id, 'exclusion' as role
    from barred b
    join family f on f.rule_id = b.rule_id
    union all
    select d.rule_id, d.patient_id, f.subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
    join family f on f.rule_id = d.rule_id
    union all
    select k.rule_id, k.patient_id, f.subject, 'appointment' as fact_table, k.id as fact_id, 'booked' as role
    from booked k
    join family f on f.rule_id = k.rule_id
)
select d.rule_id, d.patient_id, d.subject,
       case d.verdict when 'met' then 'MET' when 'due' then 'DUE' when 'report' then 'UNKNOWN' when 'birth' then 'UNKNOWN'
                      else 'EXCLUDED' end as status,
       d.open_day as opens_on, d.open_day + d.days_to_act as due_on, d.leave_day as lapses_on, s.day as recheck_on,
       case d.verdict when 'hospice' then 'hospice' when 'grave' then 'grave' when 'frail' then 'frail'
                      when 'pregnant' then 'pregnant' when 'known' then 'known' when 'declined' then 'declined'
                      when 'report' then 'report' when 'birth' then 'birth' end as missing,
       d.bmi as say_bmi, d.taken_from_day as say_measured_on, d.last_day as say_last_on
from dated d
join soonest s on s.rule_id = d.rule_id and s.patient_id = d.patient_id

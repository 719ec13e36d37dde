/* ---
title: Regular check of a long-term condition or medicine
why: A check that is late hides harm that could still be turned.
kind: gap
question: Is {patient}'s check booked?
reason: "Last one: {last_on}."
met: "Last {test}: {last_on}; the next is not due yet."
excluded:
  declined: "{patient} declined it; asked again after a year."
  hospice: "{patient} is in hospice or palliative care."
  other: "Another illness or its treatment makes this check needless."
next_step: Ask for the check to be ordered and book it.
missing: {report: "It is said to be done, but no report with an exact day is here."}
authority: {name: named in each row, edition: "", url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/chronic_checks.csv
whole: [ingredient, stops_when_kidneys_failed, months, days_to_act]
step_kind: book
needs: [person, active_condition, known_condition, current_medication, medicine, ingredient_class, done_test, said_done,
        declined_lately, hospice_care, kidney_failure, organ_not_screened, booked_visit, calendar, value_set_code]
--- */
with
-- why somebody is in a row's population: a condition or a medicine, with the day it began; CROSS JOIN holds SQLite
-- to starting from the person and their own medicines
grounds as (
    select f.rule_id, c.patient_id, coalesce(c.onset_from_day, c.recorded_from_day) as since_day,
           'condition' as fact_table, c.id as fact_id
    from active_condition c
    join value_set_code v on v.code = c.code
    join family f on f.condition_set = v.value_set
    union all
    select f.rule_id, m.patient_id, m.start_day as since_day, m.fact_table, m.fact_id
    from current_medication m
    cross join medicine n
    cross join ingredient_class k
    join family f on f.medicine_class = k.class_name
    where n.code = m.code and k.ingredient = n.ingredient
    union all
    select f.rule_id, m.patient_id, m.start_day as since_day, m.fact_table, m.fact_id
    from current_medication m
    cross join medicine n
    join family f on f.ingredient = n.ingredient
    where n.code = m.code
),
members as (
    select g.rule_id, g.patient_id, coalesce(min(g.since_day), a.day) as since_day
    from person p
    cross join grounds g
    cross join as_of a
    where g.patient_id = p.patient_id
    group by g.rule_id, g.patient_id, a.day
),
wanted as (
    select rule_id, tests_set, months from family
    union all
    select rule_id, second_tests_set as tests_set, months from family where second_tests_set is not null
),
needed as (
    select m.rule_id, m.patient_id, m.since_day, w.tests_set, w.months
    from members m
    join wanted w on w.rule_id = m.rule_id
),
-- what was done, and what is only said to be done (that never gives a sure day)
seen as (
    select w.rule_id, d.patient_id, w.tests_set, d.from_day, d.to_day, d.fact_table, d.fact_id
    from done_test d
    join value_set_code v on v.code = d.code
    join needed w on w.tests_set = v.value_set and w.patient_id = d.patient_id
    union all
    select w.rule_id, s.patient_id, w.tests_set, cast(null as bigint) as from_day, s.sent_from_day as to_day,
           'communication' as fact_table, s.id as fact_id
    from said_done s
    join value_set_code v on v.code = s.code
    join needed w on w.tests_set = v.value_set and w.patient_id = s.patient_id
),
last_seen as (
    select rule_id, patient_id, tests_set, max(from_day) as sure_day, max(to_day) as last_day
    from seen
    group by rule_id, patient_id, tests_set
),
-- the day on which each part lapses: surely, and at the latest
parts as (
    select w.rule_id, w.patient_id, w.since_day, l.sure_day, l.last_day,
           later.day - 1 + case when sure.day_of_month > later.days_in_month then later.days_in_month
                                else sure.day_of_month end as sure_until,
           latest.day - 1 + case when possible.day_of_month > latest.days_in_month then latest.days_in_month
                                 else possible.day_of_month end as last_until
    from needed w
    left join last_seen l on l.rule_id = w.rule_id and l.patient_id = w.patient_id and l.tests_set = w.tests_set
    left join calendar sure on sure.calendar_id = 1 and sure.day = l.sure_day
    left join calendar later on later.calendar_id = 1 and later.month_index = sure.month_index + w.months
        and later.day_of_month = 1
    left join calendar possible on possible.calendar_id = 1 and possible.day = l.last_day
    left join calendar latest on latest.calendar_id = 1 and latest.month_index = possible.month_index + w.months
        and latest.day_of_month = 1
),
barred as (
    select m.rule_id, m.patient_id, h.fact_table, h.fact_id, 1 as is_hospice
    from members m
    join hospice_care h on h.patient_id = m.patient_id
    union all
    select m.rule_id, m.patient_id, k.fact_table, k.fact_id, 0 as is_hospice
    from members m
    join family f on f.rule_id = m.rule_id and f.stops_when_kidneys_failed = 1
    cross join kidney_failure k
    where k.patient_id = m.patient_id
    union all
    select f.rule_id, o.patient_id, o.fact_table, o.fact_id, 0 as is_hospice
    from organ_not_screened o
    join family f on f.organ = o.organ
    union all
    select f.rule_id, c.patient_id, 'condition' as fact_table, c.id as fact_id, 0 as is_hospice
    from known_condition c
    join value_set_code v on v.code = c.code
    join family f on f.exclude_set = v.value_set
),
declined as (
    select w.rule_id, n.patient_id, n.until_day, n.fact_table, n.fact_id
    from declined_lately n
    join value_set_code v on v.code = n.code
    join needed w on w.tests_set = v.value_set and w.patient_id = n.patient_id
),
booked as (
    select w.rule_id, b.patient_id, b.free_day, b.id
    from booked_visit b
    join value_set_code v on v.code = b.code
    join needed w on w.tests_set = v.value_set and w.patient_id = b.patient_id
),
judged as (
    select p.rule_id, p.patient_id, p.since_day,
           min(case when p.sure_until > a.day then 1 else 0 end) as is_met,
           min(case when p.last_until > a.day then 1 else 0 end) as is_maybe,
           min(p.sure_until) as sure_until,
           min(coalesce(p.sure_until, p.since_day)) as maybe_since,
           min(coalesce(p.last_until, p.since_day)) as late_since,
           min(p.last_until) as last_until,
           min(p.last_day) as last_day,
           min(case when p.last_day is null then 0 else 1 end) as is_complete
    from parts p
    cross join as_of a
    group by p.rule_id, p.patient_id, p.since_day
),
answers as (
    select j.rule_id, j.patient_id, j.since_day, j.last_day, j.is_complete,
           case when b.is_hospice = 1 then 'hospice' when b.is_hospice = 0 then 'other' else 'declined' end as reason_out,
           case when b.patient_id is not null then 'EXCLUDED'
                when j.is_met = 1 then 'MET'
                when d.until_day is not null then 'EXCLUDED'
                when j.is_maybe = 1 then 'UNKNOWN'
                else 'DUE' end as status,
           case when b.patient_id is not null then null
                when j.is_met = 1 then j.sure_until
                when d.until_day is not null then d.until_day
                when k.free_day is not null then k.free_day
                when j.is_maybe = 1 then j.maybe_since
                else j.late_since end as open_day,
           case when j.is_met = 1 then j.sure_until
                when d.until_day is not null then d.until_day
                when k.free_day is not null then k.free_day
                when j.is_maybe = 1 then j.last_until end as next_day
    from judged j
    left join (select rule_id, patient_id, max(is_hospice) as is_hospice from barred group by rule_id, patient_id) b
        on b.rule_id = j.rule_id and b.patient_id = j.patient_id
    left join (select rule_id, patient_id, max(until_day) as until_day from declined group by rule_id, patient_id) d
        on d.rule_id = j.rule_id and d.patient_id = j.patient_id
    -- booked is not done: the question comes back the day after
    left join (select rule_id, patient_id, min(free_day) as free_day from booked group by rule_id, patient_id) k
        on k.rule_id = j.rule_id and k.patient_id = j.patient_id
),
evidence as (
    select g.patient_id, f.subject, g.rule_id, g.fact_table, g.fact_id, 'reason' as role
    from grounds g
    join family f on f.rule_id = g.rule_id
    union all
    select s.patient_id, f.subject, s.rule_id, s.fact_table, s.fact_id, 'last' as role
    from seen s
    join last_seen l on l.rule_id = s.rule_id and l.patient_id = s.patient_id and l.tests_set = s.tests_set
    join family f on f.rule_id = s.rule_id
    where s.from_day = l.sure_day or s.to_day = l.last_day
    union all
    select b.patient_id, f.subject, b.rule_id, b.fact_table, b.fact_id, 'exclusion' as role
    from barred b
    join family f on f.rule_id = b.rule_id
    union all
    select d.patient_id, f.subject, d.rule_id, d.fact_table, d.fact_id, 'declined' as role
    from declined d
    join family f on f.rule_id = d.rule_id
    union all
    select k.patient_id, f.subject, k.rule_id, 'appointment' as fact_table, k.id as fact_id, 'booked' as role
    from booked k
    join family f on f.rule_id = k.rule_id
)
select w.rule_id, w.patient_id, f.subject, w.status,
       case when w.open_day < w.since_day then w.since_day else w.open_day end as opens_on,
       case when w.open_day < w.since_day then w.since_day else w.open_day end + f.days_to_act as due_on,
       cast(null as bigint) as lapses_on,
       case when w.next_day < a.day + 90 then w.next_day else a.day + 90 end as recheck_on,
       case when w.status = 'UNKNOWN' then 'report' when w.status = 'EXCLUDED' then w.reason_out end as missing,
       case when w.is_complete = 1 then w.last_day end as say_last_on,
       f.test_words as say_test
from answers w
join family f on f.rule_id = w.rule_id
cross join as_of a

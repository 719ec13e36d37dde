/* ---
title: Screening by age
why: Found early, it can be cured.
kind: gap
question: Is {patient}'s screening booked?
reason: "Last one: {last_on}."
next_step: Offer the test and book it.
missing:
  report: "It is said to be done, but no report with an exact day is here."
  birth: "The day of birth is not exact enough to tell the age."
  never: "Nothing is on record, here or from elsewhere; it is asked about at the next visit."
  history: "No preventive history is on file; what was had before is asked first."
excluded:
  hospice: "{patient} is in hospice or palliative care, where screening stops."
  grave: "A grave illness on record leaves no time in which this could help."
  frail: "{patient} lives in a nursing home, or is frail and gravely ill; from 66 on the clinician decides then."
  known: "What it looks for is known already, or the organ is no longer there."
  declined: "{patient} said no; asked again {opens_on}."
authority: {name: named in each row, edition: "", url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/preventive_checks.csv
whole: [age_from, age_to, months_a, months_b, age_b, months_c, months_d, months_e, days_to_act, is_soft, stops_when_frail, asks_history]
step_kind: book
needs: [person, known_condition, done_test, outpatient_visit, said_done, declined_lately, screening_stopped,
        organ_not_screened, booked_visit, no_preventive_history, contact_made, said_no, calendar, value_set_code]
--- */
with
methods as (
    select rule_id, tests_a_set as tests_set, months_a as months, cast(null as bigint) as min_age from family
    union all
    select rule_id, tests_b_set as tests_set, months_b as months, age_b as min_age from family
    union all
    select rule_id, tests_c_set as tests_set, months_c as months, cast(null as bigint) as min_age from family
    union all
    select rule_id, tests_d_set as tests_set, months_d as months, cast(null as bigint) as min_age from family
    union all
    select rule_id, tests_e_set as tests_set, months_e as months, cast(null as bigint) as min_age from family
),
-- who was asked what was had before; one who would not say was asked too
asked as (
    select c.patient_id, 'communication' as fact_table, c.id as fact_id
    from contact_made c
    join value_set_code v on v.code = c.topic and v.value_set = 'work_preventive_history'
    union all
    select n.patient_id, n.fact_table, n.fact_id
    from said_no n
    join value_set_code v on v.code = n.code and v.value_set = 'work_preventive_history'
),
-- who is, or with an inexact birth day may be, of the age; the days they surely come to it and leave it. Of whom no
-- preventive history is on file, that alone is asked (the row with asks_history), not every test by itself; once asked, it is met.
members as (
    select f.rule_id, p.patient_id, f.subject, f.days_to_act, f.is_soft, f.stops_when_frail, f.asks_history,
           t.patient_id as thin_id, born.month_index as birth_month,
           born.day_of_month as birth_day_of_month, enter.day as enter_day,
           leave.day - 1 + case when born.day_of_month > leave.days_in_month then leave.days_in_month
                                else born.day_of_month end as leave_day,
           case when p.age_low >= f.age_from and p.age_high <= f.age_to then 'sure' else 'maybe' end as age,
           case when p.birth_from_day = p.birth_to_day then 'exact' else 'vague' end as birth
    from person p
    join family f on f.age_from <= p.age_high and f.age_to >= p.age_low and (f.sex is null or f.sex = p.sex)
    left join no_preventive_history t on t.patient_id = p.patient_id
    left join (select distinct patient_id from asked) q on q.patient_id = p.patient_id
    join calendar born on born.calendar_id = 1 and born.day = p.birth_to_day
    join calendar enter on enter.calendar_id = 1 and enter.month_index = born.month_index + f.age_from * 12
        and enter.day_of_month = case when born.day_of_month > enter.days_in_month
                                      then enter.days_in_month else born.day_of_month end
    left join calendar leave on leave.calendar_id = 1 and leave.month_index = born.month_index + f.age_to * 12 + 12
        and leave.day_of_month = 1
    where f.asks_history is null or t.patient_id is not null or q.patient_id is not null
),
wanted as (
    select m.rule_id, m.patient_id, w.tests_set, w.months, w.min_age, m.birth_month, m.birth_day_of_month, m.leave_day
    from members m
    join methods w on w.rule_id = m.rule_id
    where w.tests_set is not null
),
-- what was done, and what is only said to be done (that never gives a sure day)
seen as (
    select m.rule_id, d.patient_id, m.tests_set, d.from_day, d.to_day, d.fact_table, d.fact_id
    from done_test d
    join value_set_code v on v.code = d.code
    join wanted m on m.tests_set = v.value_set and m.patient_id = d.patient_id
    union all
    select m.rule_id, e.patient_id, m.tests_set, e.start_from_day as from_day, e.start_to_day as to_day,
           'encounter' as fact_table, e.id as fact_id
    from outpatient_visit e
    join value_set_code v on v.code = e.code
    join wanted m on m.tests_set = v.value_set and m.patient_id = e.patient_id
    union all
    select m.rule_id, s.patient_id, m.tests_set, cast(null as bigint) as from_day, s.sent_from_day as to_day,
           'communication' as fact_table, s.id as fact_id
    from said_done s
    join value_set_code v on v.code = s.code
    join wanted m on m.tests_set = v.value_set and m.patient_id = s.patient_id
),
last_seen as (
    select rule_id, patient_id, tests_set, max(from_day) as sure_day, max(to_day) as last_day
    from seen
    group by rule_id, patient_id, tests_set
),
-- until when each test holds: surely, and at the latest; one without months holds for good; one below its age does not count
rounds as (
    select w.rule_id, w.patient_id, l.tests_set, l.sure_day, l.last_day,
           case when w.months is null and l.sure_day is not null then coalesce(w.leave_day, l.sure_day + 36500)
                else later.day - 1 + case when sure.day_of_month > later.days_in_month then later.days_in_month
                                          else sure.day_of_month end end as sure_until,
           case when w.months is null then coalesce(w.leave_day, l.last_day + 36500)
                else latest.day - 1 + case when possible.day_of_month > latest.days_in_month then latest.days_in_month
                                           else possible.day_of_month end end as last_until
    from wanted w
    join last_seen l on l.rule_id = w.rule_id and l.patient_id = w.patient_id and l.tests_set = w.tests_set
    join calendar possible on possible.calendar_id = 1 and possible.day = l.last_day
    left join calendar latest on latest.calendar_id = 1 and latest.month_index = possible.month_index + w.months
        and latest.day_of_month = 1
    left join calendar sure on sure.calendar_id = 1 and sure.day = l.sure_day
    left join calendar later on later.calendar_id = 1 and later.month_index = sure.month_index + w.months
        and later.day_of_month = 1
    where w.min_age is null
       or possible.month_index - w.birth_month
          - case when possible.day_of_month < w.birth_day_of_month then 1 else 0 end >= w.min_age * 12
),
best as (
    select rule_id, patient_id, max(sure_until) as sure_until, max(last_until) as last_until, max(last_day) as last_day
    from rounds
    group by rule_id, patient_id
),
known as (
    select f.rule_id, o.patient_id, o.fact_table, o.fact_id
    from organ_not_screened o
    join family f on f.organ = o.organ
    union all
    select f.rule_id, c.patient_id, 'condition' as fact_table, c.id as fact_id
    from known_condition c
    join value_set_code v on v.code = c.code
    join family f on f.exclude_set = v.value_set
),
-- why it stops, the weightiest reason first; a grave illness does not stop the question about what was had before:
-- the vaccines still wait for its answer
barred as (
    select m.rule_id, m.patient_id, x.weight, x.fact_table, x.fact_id
    from members m
    join screening_stopped x on x.patient_id = m.patient_id
    where (x.why <> 'frail' or m.stops_when_frail = 1) and (x.why <> 'grave' or m.asks_history is null)
    union all
    select k.rule_id, k.patient_id, 4 as weight, k.fact_table, k.fact_id
    from known k
),
declined as (
    select m.rule_id, n.patient_id, n.until_day, n.fact_table, n.fact_id
    from declined_lately n
    join value_set_code v on v.code = n.code
    join wanted m on m.tests_set = v.value_set and m.patient_id = n.patient_id
),
booked as (
    select m.rule_id, b.patient_id, b.free_day, b.id
    from booked_visit b
    join value_set_code v on v.code = b.code
    join wanted m on m.tests_set = v.value_set and m.patient_id = b.patient_id
),
judged as (
    select m.rule_id, m.patient_id, m.subject, m.days_to_act, m.enter_day, m.leave_day, m.age, m.birth,
           t.sure_until, t.last_until, t.last_day, d.until_day, k.free_day,
           case when x.weight = 1 then 'hospice'
                when x.weight = 2 then 'grave'
                when x.weight = 3 then 'frail'
                when x.weight = 4 then 'known'
                when t.sure_until > a.day then 'met'
                when d.until_day is not null then 'declined'
                when t.last_until > a.day then 'maybe'
                when m.asks_history = 1 and m.thin_id is null then 'asked'
                when m.asks_history = 1 then 'ask'
                when m.is_soft = 1 and t.last_day is null then 'never'
                when m.age = 'maybe' then 'age'
                when m.thin_id is not null and t.last_day is null then 'history'
                else 'due' end as verdict
    from members m
    cross join as_of a
    left join best t on t.rule_id = m.rule_id and t.patient_id = m.patient_id
    left join (select rule_id, patient_id, min(weight) as weight from barred group by rule_id, patient_id) x on x.rule_id = m.rule_id and x.patient_id = m.patient_id
    left join (select rule_id, patient_id, max(until_day) as until_day from declined group by rule_id, patient_id) d
        on d.rule_id = m.rule_id and d.patient_id = m.patient_id
    -- booked is not done: the question comes back the day after
    left join (select rule_id, patient_id, min(free_day) as free_day from booked group by rule_id, patient_id) k
        on k.rule_id = m.rule_id and k.patient_id = m.patient_id
),
dated as (
    select j.rule_id, j.patient_id, j.subject, j.days_to_act, j.leave_day, j.last_day, j.verdict,
           case j.verdict when 'met' then j.sure_until
                          when 'declined' then j.until_day
                          when 'maybe' then coalesce(j.sure_until, j.enter_day)
                          when 'age' then j.enter_day
                          when 'never' then coalesce(j.free_day, j.enter_day)
                          when 'history' then coalesce(j.free_day, j.enter_day)
                          when 'due' then coalesce(j.free_day, case when j.last_until > j.enter_day
                                                                    then j.last_until else j.enter_day end)
                          end as open_day,
           -- with an inexact birth day the answer can change on any day
           case when j.birth = 'vague' then a.day + 1
                when j.verdict = 'met' then j.sure_until
                when j.verdict = 'declined' then j.until_day
                when j.verdict = 'maybe' then j.last_until
                else j.free_day end as next_day
    from judged j
    cross join as_of a
),
soonest as (
    select d.rule_id, d.patient_id, case when d.next_day < d.leave_day then d.next_day else d.leave_day end as day
    from dated d
),
evidence as (
    select s.patient_id, f.subject, s.rule_id, s.fact_table, s.fact_id, 'last' as role
    from seen s
    join rounds r on r.rule_id = s.rule_id and r.patient_id = s.patient_id and r.tests_set = s.tests_set
    join family f on f.rule_id = s.rule_id
    where s.from_day = r.sure_day or s.to_day = r.last_day
    union all
    select b.patient_id, f.subject, b.rule_id, b.fact_table, b.fact_id, 'exclusion' as role
    from barred b
    join family f on f.rule_id = b.rule_id
    union all
    select d.patient_id, f.subject, d.rule_id, d.fact_table, d.fact_id, 'declined' as role
    from declined d
    join family f on f.rule_id = d.rule_id
    union all
    select q.patient_id, m.subject, m.rule_id, q.fact_table, q.fact_id, 'asked' as role
    from asked q
    join members m on m.patient_id = q.patient_id and m.asks_history = 1
    union all
    select k.patient_id, f.subject, k.rule_id, 'appointment' as fact_table, k.id as fact_id, 'booked' as role
    from booked k
    join family f on f.rule_id = k.rule_id
)
select d.rule_id, d.patient_id, d.subject,
       case d.verdict when 'hospice' then 'EXCLUDED'
                      when 'grave' then 'EXCLUDED'
                      when 'frail' then 'EXCLUDED'
                      when 'known' then 'EXCLUDED'
                      when 'met' then 'MET'
                      when 'asked' then 'MET'
                      when 'declined' then 'EXCLUDED'
                      when 'due' then 'DUE'
                      when 'ask' then 'DUE'
                      else 'UNKNOWN' end as status,
       d.open_day as opens_on, d.open_day + d.days_to_act as due_on, d.leave_day as lapses_on,
       case when s.day < a.day + 90 then s.day else a.day + 90 end as recheck_on,
       case d.verdict when 'maybe' then 'report' when 'age' then 'birth' when 'never' then 'never'
                       when 'history' then 'history' when 'hospice' then 'hospice'
                      when 'grave' then 'grave' when 'frail' then 'frail' when 'known' then 'known' when 'declined' then 'declined' end as missing,
       d.last_day as say_last_on
from dated d
join soonest s on s.rule_id = d.rule_id and s.patient_id = d.patient_id
cross join as_of a

/* ---
title: Test that a medicine asks for
why: Some medicines do harm that only a test shows in time.
kind: gap
question: Is {patient}'s {test} booked?
reason: "{patient} has had {medicine} since {since_on}; last {test}: {last_on}. {rhythm}"
met: "{patient} has had {medicine} since {since_on}; last {test}: {last_on}. The next one is due by {due_on}."
next_step: "Ask for the {test} to be ordered, and book it"
missing:
  report: The day of the last test is not known exactly.
  started_on: It is not known when the medicine was begun.
  birth: The day of birth is not exact enough to tell the age.
excluded:
  declined: "{patient} declined the {test}; it is asked again a year later."
  hospice: "Comfort comes first: hospice or palliative care."
authority: {name: named in each row, edition: current, url: "https://dailymed.nlm.nih.gov/dailymed/", valid_from: 2020-01-01}
notes: Labels and guidelines were not opened while this was written; each row is to be checked against them.
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/medicine_monitoring.csv
whole: [first_days, every_days, age_from, days_to_act, harm]
step_kind: book
unknown: show
needs: [person, current_ingredient, ingredient_history, rule_medicine, ingredient, done_test, said_no, hospice_care, future_appointment,
        value_set_code, as_of]
--- */
-- Counted from the first order, fill or mention of any medicine of the row. Where the row says first_days, a test is due
-- that long after the start; a start more than half a year before that day is left to the rhythm, since the test may lie
-- outside the record. Where it says every_days, the next one is due that long after the last. Worth asking days_to_act
-- before the day it is due; a booked test rests until the day after.
with grounds as (
    select f.rule_id, m.patient_id, m.ingredient, m.fact_table, m.fact_id, m.start_day, m.last_day, p.age_low
    from current_ingredient m
    join rule_medicine r on r.ingredient = m.ingredient
    join family f on f.rule_id = r.rule_id
    join person p on p.patient_id = m.patient_id
    where f.age_from is null or p.age_high >= f.age_from
),
member as (
    select rule_id, patient_id, min(age_low) as age_low, min(ingredient) as ingredient, max(start_day) as ordered_on,
           min(last_day) + 1 as ends_on
    from grounds
    group by rule_id, patient_id
),
begun as (
    select m.rule_id, m.patient_id, min(h.first_day) as first_day
    from member m
    join rule_medicine r on r.rule_id = m.rule_id
    join ingredient_history h on h.patient_id = m.patient_id and h.ingredient = r.ingredient
    group by m.rule_id, m.patient_id
),
seen as (
    select m.rule_id, d.patient_id, d.from_day, d.to_day, d.fact_table, d.fact_id
    from member m
    join family f on f.rule_id = m.rule_id
    join done_test d on d.patient_id = m.patient_id
    join value_set_code v on v.code = d.code and v.value_set = f.tests_set
),
last_seen as (
    select rule_id, patient_id, max(from_day) as sure_day, max(to_day) as last_day
    from seen
    group by rule_id, patient_id
),
-- the day the next test is due: after the start when none was done since, else after the last one
clock as (
    select m.rule_id, m.patient_id, m.ingredient, m.ends_on, b.first_day, l.sure_day, l.last_day,
           case when m.age_low < f.age_from then 1 else 0 end as is_age_unsure,
           m.ordered_on + f.days_to_act as not_before, f.days_to_act,
           case when l.sure_day >= b.first_day then l.sure_day + f.every_days
                when f.first_days is not null and b.first_day + f.first_days + 183 > a.day then b.first_day + f.first_days
                else coalesce(l.sure_day, b.first_day) + f.every_days end as due_on,
           case when l.last_day >= b.first_day then l.last_day + f.every_days end as perhaps_on,
           case when l.sure_day >= b.first_day then 1 else 0 end as is_tested,
           case when l.last_day >= b.first_day then 1 else 0 end as is_perhaps_tested
    from member m
    join family f on f.rule_id = m.rule_id
    join begun b on b.rule_id = m.rule_id and b.patient_id = m.patient_id
    left join last_seen l on l.rule_id = m.rule_id and l.patient_id = m.patient_id
    cross join as_of a
),
-- what was missed before the order that stands now is asked about with that order, not as years overdue
stamped as (
    select rule_id, patient_id, ingredient, ends_on, first_day, last_day, days_to_act, perhaps_on, is_tested,
           is_perhaps_tested, is_age_unsure, case when due_on < not_before then not_before else due_on end as due_on
    from clock
),
asked as (
    select rule_id, patient_id, ingredient, ends_on, first_day, last_day, due_on, due_on - days_to_act as ask_on, perhaps_on,
           is_tested, is_perhaps_tested, is_age_unsure
    from stamped
),
booked as (
    select c.rule_id, c.patient_id, p.start_to_day + 1 as free_on, p.id,
           row_number() over (partition by c.rule_id, c.patient_id order by p.start_from_day nulls last, p.id nulls last) as place
    from clock c
    join family f on f.rule_id = c.rule_id
    join future_appointment p on p.patient_id = c.patient_id
    join value_set_code v on v.code = p.code and v.value_set = f.tests_set
    where p.status = 'booked'
),
declined as (
    select c.rule_id, c.patient_id, max(n.day) + 365 as until_day
    from clock c
    join family f on f.rule_id = c.rule_id
    join said_no n on n.patient_id = c.patient_id
    join value_set_code v on v.code = n.code and v.value_set = f.tests_set
    cross join as_of a
    where n.day + 365 > a.day
    group by c.rule_id, c.patient_id
),
judged as (
    select c.rule_id, c.patient_id, c.ingredient, c.ends_on, c.first_day, c.last_day, c.due_on,
           case when k.free_on > c.ask_on then k.free_on else c.ask_on end as opens_on,
           d.until_day,
           case when h.patient_id is not null then 'hospice'
                when d.until_day is not null then 'declined'
                when c.is_age_unsure = 1 then 'birth'
                when c.first_day is null then 'started_on'
                when c.is_tested = 0 and c.is_perhaps_tested = 1 then 'report' end as why,
           case when c.perhaps_on > c.due_on then 1 else 0 end as is_perhaps_later
    from asked c
    left join booked k on k.rule_id = c.rule_id and k.patient_id = c.patient_id and k.place = 1
    left join declined d on d.rule_id = c.rule_id and d.patient_id = c.patient_id
    left join (select distinct patient_id from hospice_care) h on h.patient_id = c.patient_id
    where c.due_on is not null or c.is_perhaps_tested = 1 or c.first_day is null
),
told as (
    select j.rule_id, j.patient_id, j.ingredient, j.ends_on, j.first_day, j.last_day, j.due_on, j.opens_on, j.until_day,
           coalesce(j.why, case when j.is_perhaps_later = 1 and j.opens_on <= a.day then 'report' end) as missing
    from judged j
    cross join as_of a
),
change as (
    select rule_id, patient_id, ends_on as day from judged
    union all
    select rule_id, patient_id, opens_on from judged
    union all
    select rule_id, patient_id, until_day from judged
    union all
    select rule_id, patient_id, due_on + 183 from judged
    union all
    select j.rule_id, j.patient_id, a.day + 90 from judged j cross join as_of a
),
next_change as (
    select c.rule_id, c.patient_id, min(c.day) as day
    from change c
    cross join as_of a
    where c.day > a.day
    group by c.rule_id, c.patient_id
),
evidence as (
    select g.patient_id, f.subject, g.rule_id, g.fact_table, g.fact_id, 'medicine' as role
    from grounds g
    join family f on f.rule_id = g.rule_id
    union
    select s.patient_id, f.subject, s.rule_id, s.fact_table, s.fact_id, 'last'
    from seen s
    join last_seen l on l.rule_id = s.rule_id and l.patient_id = s.patient_id
    join family f on f.rule_id = s.rule_id
    where s.to_day = l.last_day
    union
    select k.patient_id, f.subject, k.rule_id, 'appointment', k.id, 'booked'
    from booked k
    join family f on f.rule_id = k.rule_id
    where k.place = 1
)
select j.rule_id, j.patient_id, f.subject,
       case when j.missing in ('hospice', 'declined') then 'EXCLUDED'
            when j.missing is not null then 'UNKNOWN'
            when j.opens_on <= a.day then 'DUE'
            else 'MET' end as status,
       case when j.missing = 'declined' then j.until_day
            when j.missing is null then j.opens_on end as opens_on,
       case when j.missing is null then j.due_on end as due_on,
       cast(null as integer) as lapses_on,
       n.day as recheck_on,
       j.missing,
       i.name as say_medicine,
       j.first_day as say_since_on,
       j.last_day as say_last_on,
       f.test_words as say_test,
       case when f.every_days is null then 'It is due once, ' || cast(f.first_days as varchar(20)) || ' days after the start.'
            when j.due_on = j.first_day + f.first_days
                then 'It is due ' || cast(f.first_days as varchar(20)) || ' days after the start.'
            when f.first_days is null then 'It is due every ' || cast(f.every_days as varchar(20)) || ' days.'
            else 'It is due ' || cast(f.first_days as varchar(20)) || ' days after the start, then every '
                 || cast(f.every_days as varchar(20)) || ' days.' end as say_rhythm
from told j
join family f on f.rule_id = j.rule_id
join ingredient i on i.ingredient = j.ingredient
join next_change n on n.rule_id = j.rule_id and n.patient_id = j.patient_id
cross join as_of a

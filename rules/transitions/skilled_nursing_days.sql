/* ---
title: Skilled nursing days running out
why: From day 21 in skilled nursing Original Medicare asks for a daily share, and after day 100 it pays nothing; families hear of it when the bill comes.
kind: deadline
question: Is {patient} ready for what happens after day {last} in skilled nursing?
reason: "In skilled nursing since {since_on}, after {before} days earlier in this benefit period: day {last} is {due_on}. {what} from {change_on}."
met: "In skilled nursing since {since_on}; somebody has looked at what comes after day {last}, {due_on}."
next_step: Talk with the family and the facility about the days to come, a supplement plan, Medicaid or the way home
missing:
  coverage: No insurance is on record, so nobody can tell whether Medicare's days matter.
  exact_day: "The day a stay in skilled nursing began or ended is known only by its month, and the days are counted from it. Ask the facility."
authority:
  name: 42 CFR 409.61(b) and 409.60, days 1 to 20 in full, 21 to 100 with coinsurance; a benefit period ends after 60 days out
  edition: "2024"
  url: https://www.ecfr.gov/current/title-42/chapter-IV/subchapter-B/part-409/subpart-F/section-409.61
  valid_from: 2000-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: plan
harm: 3
needs: [medicare_person, hospital_stay, skilled_nursing_stay, settled, value_set_code, as_of]
--- */
-- Day 1 is the first day; the day somebody leaves does not count. Earlier days in skilled nursing count when fewer than 60
-- days lie between one stay (hospital or skilled nursing) and the next. A week before day 20 it opens, three weeks before
-- day 100, which is never more than 80 days ahead when it is asked about. A decision by a clinician, written in that time, settles it.
with stays as (
    select m.patient_id, s.id, 1 as is_nursing, s.start_from_day, s.end_day, m.is_sure
    from medicare_person m
    join skilled_nursing_stay s on s.patient_id = m.patient_id
    where m.is_advantage = 0
    union all
    select m.patient_id, h.id, 0, h.start_from_day, h.end_day, m.is_sure
    from medicare_person m
    join hospital_stay h on h.patient_id = m.patient_id
    where m.is_advantage = 0
),
spaced as (
    select patient_id, id, is_nursing, start_from_day, end_day, is_sure,
           lag(end_day) over (partition by patient_id order by start_from_day nulls last, id nulls last) as last_end
    from stays
),
periods as (
    select patient_id, id, is_nursing, start_from_day, end_day, is_sure,
           count(case when start_from_day - last_end < 60 then null else id end)
               over (partition by patient_id order by start_from_day nulls last, id nulls last) as period
    from spaced
),
now as (
    select p.patient_id, p.id, 'stay:' || cast(p.id as varchar(20)) as subject, p.start_from_day, p.is_sure,
           p.period
    from periods p
    where p.is_nursing = 1 and p.end_day is null
),
before as (
    select n.patient_id, n.id, sum(p.end_day - p.start_from_day) as days
    from now n
    join periods p on p.patient_id = n.patient_id and p.period = n.period
    where p.is_nursing = 1 and p.end_day is not null
    group by n.patient_id, n.id
),
marks as (
    select n.patient_id, n.id, n.subject, n.start_from_day, n.is_sure,
           n.start_from_day - coalesce(b.days, 0) + 19 as day_20, n.start_from_day - coalesce(b.days, 0) + 99 as day_100
    from now n
    left join before b on b.patient_id = n.patient_id and b.id = n.id
),
phase as (
    select m.patient_id, m.id, m.subject, m.start_from_day, m.is_sure, m.day_20, m.day_100,
           case when a.day <= m.day_20 then m.day_20 else m.day_100 end as due_day,
           case when a.day <= m.day_20 then m.day_20 - 7 else m.day_100 - 21 end as open_day
    from marks m
    cross join as_of a
    where a.day <= m.day_100
),
looked as (
    select p.patient_id, p.subject, min(s.fact_id) as id
    from phase p
    join settled s on s.patient_id = p.patient_id and s.about_id = p.id
    where s.is_decision = 1 and s.settled_day >= p.open_day
    group by p.patient_id, p.subject
),
evidence as (
    select patient_id, subject, 'encounter' as fact_table, id as fact_id, 'stay' as role from phase
    union all
    select patient_id, subject, 'task', id, 'decision' from looked
)
select p.patient_id, p.subject,
       case when l.id is not null then 'MET'
            when p.is_sure = 0 then 'UNKNOWN'
            else 'DUE' end as status,
       p.open_day as opens_on, p.due_day as due_on, p.due_day + 1 as lapses_on,
       p.due_day + 1 as recheck_on,
       case when l.id is null and p.is_sure = 0 then 'coverage' end as missing,
       case when p.due_day = p.day_20 then 20 else 100 end as say_last,
       p.start_from_day as say_since_on, p.start_from_day + 19 - p.day_20 as say_before, p.due_day + 1 as say_change_on,
       case when p.due_day = p.day_20 then 'Medicare asks for a share of every day'
            else 'Medicare no longer pays' end as say_what
from phase p
left join looked l on l.patient_id = p.patient_id and l.subject = p.subject

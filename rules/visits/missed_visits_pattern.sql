/* ---
title: Visits missed again and again
why: Nobody misses visits for fun; behind two in a row stand a ride, money, fear, work or an illness that grows.
kind: question
question: What keeps {patient} from coming to visits?
reason: "{patient} missed {count} visits since {first_on}, the last one {visit} on {last_on}."
met: "{patient} missed {count} visits since {first_on}; a visit was kept, or somebody spoke with them, after {last_on}."
next_step: Call without reproach; ask about the ride, the cost, the time of day and what the visits are like. Offer phone or video.
missing:
  exact_day: "The day of a missed visit, or of one kept since, is known only by its month. Ask the office."
authority: {name: "Beforehand founders: two missed visits within 180 days", edition: "1",
            url: "https://www.ahrq.gov/ncepcr/care/coordination.html", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 3
needs: [missed_appointment, kept_appointment, contact_made]
--- */
with
missed as (
    select m.patient_id, m.id, m.day, m.visit,
           row_number() over (partition by m.patient_id order by m.day desc nulls last, m.id desc nulls last) as place
    from missed_appointment m
    cross join as_of a
    where m.status = 'noshow' and m.day > a.day - 180
),
counted as (
    select patient_id, count(id) as missed_visits, min(day) as first_day, max(day) as last_day,
           max(case when place = 2 then day end) as second_day
    from missed
    group by patient_id
    having count(id) >= 2
),
since as (
    select c.patient_id, 'appointment' as fact_table, k.id as fact_id
    from counted c
    join kept_appointment k on k.patient_id = c.patient_id and k.start_from_day > c.last_day
    union all
    select c.patient_id, 'communication' as fact_table, t.id as fact_id
    from counted c
    join missed m on m.patient_id = c.patient_id
    join contact_made t on t.patient_id = c.patient_id and t.about_id = m.id and t.sent_from_day >= c.last_day
),
judged as (
    select c.patient_id, c.missed_visits, c.first_day, c.last_day, c.second_day, m.visit,
           case when s.patient_id is not null then 'MET' else 'DUE' end as status
    from counted c
    join missed m on m.patient_id = c.patient_id and m.place = 1
    left join (select distinct patient_id from since) s on s.patient_id = c.patient_id
),
evidence as (
    select m.patient_id, 'missed:visits' as subject, 'appointment' as fact_table, m.id as fact_id, 'missed' as role
    from missed m
    where m.patient_id in (select c.patient_id from counted c)
    union all
    select s.patient_id, 'missed:visits' as subject, s.fact_table, s.fact_id, 'since' as role
    from since s
)
select j.patient_id, 'missed:visits' as subject, j.status, j.last_day + 1 as opens_on, j.last_day + 7 as due_on,
       j.second_day + 180 as lapses_on,
       case when j.first_day < a.day - 90 then j.first_day + 180 else a.day + 90 end as recheck_on,
       cast(null as varchar(20)) as missing, j.missed_visits as say_count, j.first_day as say_first_on, j.last_day as say_last_on,
       j.visit as say_visit
from judged j
cross join as_of a

/* ---
title: Last days to begin skilled nursing
why: Original Medicare pays for skilled nursing only when it begins within 30 days of the hospital stay; after that a new three-day stay is needed.
kind: deadline
question: Is a place in skilled nursing found for {patient} in time?
reason: "Skilled nursing is ordered and has not begun; the hospital stay of {days} days ended {home_on}, and Medicare's 30 days end {last_on}."
met: "Skilled nursing has begun after the stay that ended {home_on}."
excluded:
  refused: "{patient} does not want skilled nursing."
next_step: Call the facilities for a place, and the hospital's case manager
missing:
  coverage: No insurance is on record, so nobody can tell whether Medicare's 30 days matter.
  exact_day: "The day the hospital stay began or ended, or of the order, is known only by its month. Ask the hospital."
authority:
  name: 42 CFR 409.30(b), care begun within 30 days after discharge
  edition: "2024"
  url: https://www.ecfr.gov/current/title-42/chapter-IV/subchapter-B/part-409/subpart-D/section-409.30
  valid_from: 2000-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
needs: [medicare_person, hospital_stay, skilled_nursing_stay, active_order, settled, value_set_code, as_of]
--- */
-- The last hospital stay of three days or more that ended within 30 days, and an order for skilled nursing written since it
-- began. Ten days before the end it opens. A stay in skilled nursing begun on the day of discharge or later answers it.
with qualifying as (
    select h.patient_id, h.id, h.start_from_day, h.end_day, h.end_day - h.start_to_day as days, m.is_sure,
           row_number() over (partition by h.patient_id order by h.end_day desc nulls last, h.id desc nulls last) as place
    from hospital_stay h
    join medicare_person m on m.patient_id = h.patient_id
    cross join as_of a
    where h.end_day >= a.day - 30 and h.end_day - h.start_to_day >= 3 and m.is_advantage = 0
),
ordered as (
    select q.patient_id, 'order:' || cast(o.id as varchar(20)) as subject, o.id, q.id as stay_id, q.end_day, q.days, q.is_sure
    from qualifying q
    join active_order o on o.patient_id = q.patient_id and o.authored_from_day >= q.start_from_day
    join value_set_code v on v.code = o.code and v.value_set = 'skilled_nursing'
    where q.place = 1
),
begun as (
    select o.patient_id, o.subject, min(s.id) as id
    from ordered o
    join skilled_nursing_stay s on s.patient_id = o.patient_id and s.start_from_day >= o.end_day
    group by o.patient_id, o.subject
),
refused as (
    select o.patient_id, o.subject, max(w.fact_id) as id
    from ordered o
    join settled w on w.patient_id = o.patient_id and w.about_id = o.id
    where w.is_decision = 0
    group by o.patient_id, o.subject
),
answer as (
    select o.patient_id, o.subject, o.end_day, o.days,
           case when b.id is not null then 'MET'
                when r.id is not null then 'EXCLUDED'
                when o.is_sure = 0 then 'UNKNOWN'
                else 'DUE' end as status
    from ordered o
    left join begun b on b.patient_id = o.patient_id and b.subject = o.subject
    left join refused r on r.patient_id = o.patient_id and r.subject = o.subject
),
evidence as (
    select patient_id, subject, 'service_request' as fact_table, id as fact_id, 'order' as role from ordered
    union all
    select patient_id, subject, 'encounter', stay_id, 'hospital stay' from ordered
    union all
    select patient_id, subject, 'encounter', id, 'skilled nursing' from begun
    union all
    select patient_id, subject, 'communication', id, 'refusal' from refused
)
select q.patient_id, q.subject, q.status, q.end_day + 20 as opens_on, q.end_day + 30 as due_on, q.end_day + 31 as lapses_on,
       q.end_day + 31 as recheck_on,
       case when q.status = 'EXCLUDED' then 'refused' when q.status = 'UNKNOWN' then 'coverage' end as missing,
       q.days as say_days, q.end_day as say_home_on, q.end_day + 30 as say_last_on
from answer q

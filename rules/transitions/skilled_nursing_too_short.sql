/* ---
title: Stay too short for a skilled nursing facility under Medicare
why: Original Medicare pays for skilled nursing only after three inpatient days; without them the whole bill falls on the person.
kind: conflict
question: Who pays for {patient}'s skilled nursing after {days} inpatient days?
reason: "Skilled nursing is ordered; the inpatient stay that began {since_on} counts {days} days, Medicare wants 3. Time in observation or the emergency room does not count."
met: "The stay that began {since_on} counts {days} inpatient days; Medicare wants 3."
excluded:
  advantage: Medicare Advantage plans may waive the three days; the plan decides.
next_step: Ask the hospital's case manager before the day of discharge; look at home health or another payer
missing:
  coverage: No insurance is on record, so nobody can tell whether Medicare's three days matter.
  exact_day: "The day the hospital stay began or ended is known only by its month. Ask the hospital."
authority:
  name: 42 CFR 409.30(a), three consecutive calendar days of inpatient hospital care, the day of discharge not counted
  edition: "2024"
  url: https://www.ecfr.gov/current/title-42/chapter-IV/subchapter-B/part-409/subpart-D/section-409.30
  valid_from: 2000-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: authorization
harm: 4
needs: [medicare_person, hospital_stay, active_order, value_set_code, as_of]
--- */
-- An order for skilled nursing written in a hospital stay that goes on or ended within 30 days. Days are midnights: admitted
-- Monday, home Thursday is three. Waivers (such as ACO models) are for the case manager to know.
with ordered as (
    select h.patient_id, h.id, 'stay:' || cast(h.id as varchar(20)) as subject, o.id as order_id, h.start_from_day,
           h.end_day, coalesce(h.end_day, a.day) - h.start_to_day as days, m.is_sure, m.is_advantage,
           row_number() over (partition by h.patient_id, h.id order by o.id nulls last) as place
    from hospital_stay h
    join medicare_person m on m.patient_id = h.patient_id
    join active_order o on o.patient_id = h.patient_id and o.encounter_id = h.id
    join value_set_code v on v.code = o.code and v.value_set = 'skilled_nursing'
    cross join as_of a
    where coalesce(h.end_day, a.day) > a.day - 30
),
answer as (
    select o.patient_id, o.subject, o.start_from_day, o.end_day, o.days,
           case when o.is_advantage = 1 then 'EXCLUDED'
                when o.days >= 3 then 'MET'
                when o.is_sure = 0 then 'UNKNOWN'
                else 'DUE' end as status
    from ordered o
    where o.place = 1
),
evidence as (
    select patient_id, subject, 'encounter' as fact_table, id as fact_id, 'stay' as role from ordered where place = 1
    union all
    select patient_id, subject, 'service_request', order_id, 'order' from ordered
)
select q.patient_id, q.subject, q.status, q.start_from_day as opens_on, coalesce(q.end_day, q.start_from_day + 2) as due_on,
       q.end_day + 30 as lapses_on,
       case when q.end_day is null then a.day + 1 else q.end_day + 30 end as recheck_on,
       case when q.status = 'EXCLUDED' then 'advantage' when q.status = 'UNKNOWN' then 'coverage' end as missing,
       q.start_from_day as say_since_on, q.days as say_days
from answer q
cross join as_of a

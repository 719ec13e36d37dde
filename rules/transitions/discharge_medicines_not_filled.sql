/* ---
title: Discharge medicine not picked up
why: One in four people leaves hospital with a prescription that is never fetched.
kind: deadline
question: Has {patient} picked up {medicine} since the hospital?
reason: "{medicine} was prescribed for home; home since {home_on}, and no pharmacy says that it was picked up."
met: "{medicine} was prescribed for home; home since {home_on}: {supply}."
excluded:
  settled: "{patient} does not want {medicine}, or the clinician decided against it."
next_step: Call the person and the pharmacy
missing:
  pharmacy: No pharmacy tells us about fills for this person, so we cannot tell whether it was picked up.
  exact_day: "The day of discharge, of the prescription or of a fill is known only by its month. Ask the hospital and the pharmacy."
authority:
  name: Joint Commission NPSG.03.06.01 and AHRQ Re-Engineered Discharge (RED); three days is a project choice
  edition: "2023"
  url: https://www.ahrq.gov/patient-safety/settings/hospital/red/toolkit/index.html
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: refill
harm: 4
needs: [homecoming, active_medication_request, medication_dispense, completed_fill, medicine_name, settled, value_set_code, as_of]
--- */
-- Active orders marked as discharge orders, or written in the stay on its last two days and not for the ward; not those
-- taken only when needed, and not creams. Any fill of the same ingredients since the order is MET; so is supply that
-- was filled in the 30 days before the stay. Open the day after discharge, due on the third day, lapsing after thirty.
with ordered as (
    select h.patient_id, h.id as stay_id, h.end_day, n.subject, n.name, r.id, r.authored_from_day, r.valid_until_to_day,
           row_number() over (partition by h.patient_id, n.subject
                              order by h.end_day desc nulls last, r.authored_from_day desc nulls last, r.id desc nulls last) as place
    from homecoming h
    join active_medication_request r on r.patient_id = h.patient_id
         and r.authored_from_day <= h.end_day and r.authored_from_day >= h.start_day
    join medicine_name n on n.code = r.code
    cross join as_of a
    where h.end_day > a.day - 30
      and n.is_local = 0
      and coalesce(r.is_as_needed, 0) = 0
      and (r.category = 'discharge'
           or (r.encounter_id = h.id and coalesce(r.category, 'discharge') <> 'inpatient'
               and r.authored_from_day >= h.end_day - 1))
),
pharmacy as (
    select d.patient_id, count(*) as fills
    from medication_dispense d
    group by d.patient_id
),
fetched as (
    select o.patient_id, o.subject, max(f.id) as id
    from ordered o
    join homecoming h on h.patient_id = o.patient_id and h.id = o.stay_id
    join completed_fill f on f.patient_id = o.patient_id and f.filled_to_day >= h.start_day - 30
    join medicine_name n on n.code = f.code and n.subject = o.subject
    group by o.patient_id, o.subject
),
refused as (
    select o.patient_id, o.subject, max(w.fact_id) as id
    from ordered o
    join settled w on w.patient_id = o.patient_id and w.about_id = o.id
    group by o.patient_id, o.subject
),
answer as (
    select o.patient_id, o.subject, o.name, o.stay_id, o.id, o.end_day, o.valid_until_to_day, f.id as fill_id, r.id as word_id,
           case when f.id is not null then 'MET'
                when r.id is not null then 'EXCLUDED'
                when w.fills is null then 'UNKNOWN'
                when a.day > o.end_day then 'DUE'
                else 'MET' end as status
    from ordered o
    cross join as_of a
    left join pharmacy w on w.patient_id = o.patient_id
    left join fetched f on f.patient_id = o.patient_id and f.subject = o.subject
    left join refused r on r.patient_id = o.patient_id and r.subject = o.subject
    where o.place = 1
),
change as (
    select q.patient_id, q.subject, q.end_day + 1 as day from answer q cross join as_of a where q.end_day = a.day
    union all
    select patient_id, subject, end_day + 30 from answer
    union all
    select patient_id, subject, valid_until_to_day + 1 from answer
),
next_change as (
    select patient_id, subject, min(day) as day from change group by patient_id, subject
),
evidence as (
    select patient_id, subject, 'encounter' as fact_table, stay_id as fact_id, 'stay' as role from answer
    union all
    select patient_id, subject, 'medication_request', id, 'prescription' from answer
    union all
    select patient_id, subject, 'medication_dispense', fill_id, 'fill' from answer where fill_id is not null
)
select q.patient_id, q.subject, q.status,
       q.end_day + 1 as opens_on, q.end_day + 3 as due_on, q.end_day + 30 as lapses_on,
       c.day as recheck_on,
       case when q.status = 'UNKNOWN' then 'pharmacy' when q.status = 'EXCLUDED' then 'settled' end as missing,
       q.name as say_medicine, q.end_day as say_home_on,
       case when q.fill_id is null then 'it is not yet due' else 'supply is there' end as say_supply
from answer q
join next_change c on c.patient_id = q.patient_id and c.subject = q.subject

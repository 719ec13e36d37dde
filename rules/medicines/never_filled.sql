/* ---
title: Prescription never picked up
why: About one new prescription in five is never fetched, and nobody is told.
kind: gap
question: Did {patient} ever pick up {medicine}?
reason: "{medicine} was ordered {ordered_on}; {filled}."
next_step: Ask the person what got in the way, then call the pharmacy
met: "{medicine} was ordered {ordered_on}; {filled}."
excluded:
  declined: "{patient} decided not to take {medicine}, ordered {ordered_on}."
missing:
  pharmacy: No pharmacy tells us about fills for this person, so we cannot tell whether it was picked up.
  ordered_on: The day of the order is not known exactly.
authority:
  name: Pharmacy Quality Alliance, Primary Medication Nonadherence (first fill within 30 days)
  edition: "2024"
  url: https://www.pqaalliance.org/
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 3
needs: [person, active_medication_request, completed_fill, medication_dispense, contact_tried, medicine_name, value_set_code, as_of]
--- */
-- An order of the last 180 days, not taken only when needed, not given in a hospital, and not a renewal (no fill of the
-- same ingredients in the 120 days before it: the supply rule watches those; a short course that was over more than 30 days
-- before the order began is no supply to renew). Worth a call after seven days, overdue
-- after thirty. Where no pharmacy tells us anything about this person the answer is "cannot tell".
with ordered as (
    select r.patient_id, n.subject, n.name, r.id, r.authored_from_day, r.authored_to_day, r.valid_until_to_day,
           row_number() over (partition by r.patient_id, n.subject
                              order by r.authored_from_day desc nulls last, r.id desc nulls last) as place
    from active_medication_request r
    join person p on p.patient_id = r.patient_id
    join medicine_name n on n.code = r.code
    cross join as_of a
    where n.is_local = 0
      and coalesce(r.is_as_needed, 0) = 0
      and coalesce(r.category, 'outpatient') <> 'inpatient'
      and r.authored_to_day > a.day - 180
),
pharmacy as (
    select d.patient_id, count(*) as fills
    from medication_dispense d
    group by d.patient_id
),
fill as (
    select x.patient_id, x.subject, f.filled_to_day,
           case when f.filled_to_day >= x.authored_from_day then f.id end as id_since
    from ordered x
    join completed_fill f on f.patient_id = x.patient_id
    join medicine_name n on n.code = f.code and n.subject = x.subject
    where x.place = 1 and f.filled_to_day >= x.authored_from_day - 120
      and (f.days_supply is null or f.filled_to_day + f.days_supply >= x.authored_from_day - 30)
),
fetched as (
    select patient_id, subject, max(filled_to_day) as last_day, max(id_since) as id
    from fill
    group by patient_id, subject
),
refused as (
    select x.patient_id, x.subject, max(c.id) as id
    from ordered x
    join contact_tried c on c.patient_id = x.patient_id and c.about_id = x.id
    join value_set_code v on v.code = c.status_reason and v.value_set = 'work_declined'
    group by x.patient_id, x.subject
),
open as (
    select x.patient_id, x.subject, x.name, x.id, x.authored_from_day, x.valid_until_to_day,
           x.authored_to_day,
           coalesce(w.fills, 0) as fills, f.id as fill_id, d.id as refusal_id
    from ordered x
    left join pharmacy w on w.patient_id = x.patient_id
    left join fetched f on f.patient_id = x.patient_id and f.subject = x.subject
    left join refused d on d.patient_id = x.patient_id and d.subject = x.subject
    where x.place = 1 and (f.last_day is null or f.id is not null)
),
change as (
    select patient_id, subject, authored_from_day + 7 as day from open
    union all
    select patient_id, subject, authored_from_day + 180 from open
    union all
    select patient_id, subject, valid_until_to_day + 1 from open
    union all
    select o.patient_id, o.subject, a.day + 90 from open o cross join as_of a
),
next_change as (
    select c.patient_id, c.subject, min(c.day) as day
    from change c
    cross join as_of a
    where c.day > a.day
    group by c.patient_id, c.subject
),
evidence as (
    select patient_id, subject, 'medication_request' as fact_table, id as fact_id, 'prescription' as role from open
    union all
    select patient_id, subject, 'medication_dispense', fill_id, 'fill' from open where fill_id is not null
    union all
    select patient_id, subject, 'communication', refusal_id, 'refusal' from open where refusal_id is not null
)
select o.patient_id, o.subject,
       case when o.fill_id is not null then 'MET'
            when o.refusal_id is not null then 'EXCLUDED'
            when o.fills = 0 or o.authored_from_day <> o.authored_to_day then 'UNKNOWN'
            when a.day >= o.authored_from_day + 7 then 'DUE'
            else 'MET' end as status,
       case when o.fill_id is null then o.authored_from_day + 7 end as opens_on,
       case when o.fill_id is null then o.authored_from_day + 30 end as due_on,
       o.authored_from_day + 180 as lapses_on,
       c.day as recheck_on,
       case when o.fill_id is not null then null
            when o.refusal_id is not null then 'declined'
            when o.fills = 0 then 'pharmacy'
            when o.authored_from_day <> o.authored_to_day then 'ordered_on' end as missing,
       o.name as say_medicine,
       o.authored_from_day as say_ordered_on,
       case when o.fill_id is not null then 'a pharmacy says that it was picked up'
            else 'no pharmacy says that it was picked up' end as say_filled
from open o
join next_change c on c.patient_id = o.patient_id and c.subject = o.subject
cross join as_of a

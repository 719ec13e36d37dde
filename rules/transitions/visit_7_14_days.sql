/* ---
title: Visit after the hospital
why: One in six people over 65 is back in hospital within a month; a visit in the first days finds what went wrong.
kind: deadline
question: Has {patient} been seen since coming home {home_on}?
reason: "Home since {home_on}; {risk}. {visit} after that is on record.{booked}"
met: "Home since {home_on}; {risk}. A visit after that is on record."
excluded:
  refused: "{patient} did not want a visit."
  back: "{patient} was back in hospital before the visit was due."
next_step: "{step}"
missing:
  exact_day: "The day of discharge, or of a visit or stay since, is known only by its month. Ask the hospital, or the office."
authority:
  name: CMS transitional care management (visit within 14 days, 7 at high complexity); heart failure within 7 to 14 days (AHA/ACC/HFSA 2022)
  edition: "2026"
  url: https://www.cms.gov/medicare/payment/fee-schedules/physician-fee-schedule
  valid_from: 2013-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: book
books: Visit after the hospital
harm: 4
needs: [homecoming, outpatient_visit, future_appointment, past_booking, known_condition, settled, value_set_code, as_of]
--- */
-- Seven days for people with heart failure, known or the reason of the stay, else fourteen. Who else is at high
-- complexity is the clinician's to say; this rule does not guess. A finished visit after the day of discharge is MET,
-- also when it was late. A booked visit is not a visit: it
-- rests until the day after. Rides are not visits. Back in a
-- hospital before the time was up, or refused: EXCLUDED. Thirty days after discharge it lapses.
with failing_heart as (
    select h.patient_id, h.id
    from homecoming h
    join value_set_code v on v.code = h.reason and v.value_set = 'heart_failure'
    union
    select h.patient_id, h.id
    from homecoming h
    join known_condition c on c.patient_id = h.patient_id
    join value_set_code v on v.code = c.code and v.value_set = 'heart_failure'
),
stay as (
    select h.patient_id, h.id, 'stay:' || cast(h.id as varchar(20)) as subject, h.end_day, h.next_stay_day,
           h.end_day + case when f.id is null then 14 else 7 end as due_day, f.id as heart_id
    from homecoming h
    left join failing_heart f on f.patient_id = h.patient_id and f.id = h.id
    cross join as_of a
    where h.end_day > a.day - 30
),
visit as (
    select s.patient_id, s.subject, min(e.id) as id
    from stay s
    join outpatient_visit e on e.patient_id = s.patient_id and e.start_from_day > s.end_day
    group by s.patient_id, s.subject
),
booking as (
    select p.patient_id, p.start_from_day as day
    from future_appointment p
    where p.status in ('booked', 'arrived', 'checked-in') and coalesce(p.kind, '') <> 'RIDE'
    union all
    select p.patient_id, p.day
    from past_booking p
    where coalesce(p.kind, '') <> 'RIDE'
),
booked as (
    select s.patient_id, s.subject, min(p.day) as day
    from stay s
    join booking p on p.patient_id = s.patient_id and p.day > s.end_day and p.day <= s.due_day
    group by s.patient_id, s.subject
),
refused as (
    select s.patient_id, s.subject, max(w.fact_id) as id
    from stay s
    join settled w on w.patient_id = s.patient_id and w.about_id = s.id
    where w.is_decision = 0 and w.settled_day >= s.end_day
    group by s.patient_id, s.subject
),
change as (
    select patient_id, subject, end_day + 30 as day from stay
    union all
    select b.patient_id, b.subject, b.day + 1 from booked b cross join as_of a where b.day + 1 > a.day
),
next_change as (
    select patient_id, subject, min(day) as day from change group by patient_id, subject
),
answer as (
    select s.patient_id, s.subject, s.end_day, s.due_day, s.heart_id, b.day as booked_day,
           case when r.id is not null then 'refused' else 'back' end as reason_out,
           case when v.id is not null then 'MET'
                when r.id is not null or s.next_stay_day <= s.due_day then 'EXCLUDED'
                else 'DUE' end as status
    from stay s
    left join visit v on v.patient_id = s.patient_id and v.subject = s.subject
    left join booked b on b.patient_id = s.patient_id and b.subject = s.subject
    left join refused r on r.patient_id = s.patient_id and r.subject = s.subject
),
evidence as (
    select patient_id, subject, 'encounter' as fact_table, id as fact_id, 'stay' as role from stay
    union all
    select patient_id, subject, 'encounter', id, 'visit' from visit
    union all
    select patient_id, subject, 'communication', id, 'refusal' from refused
)
select q.patient_id, q.subject, q.status,
       coalesce(q.booked_day + 1, q.end_day) as opens_on,
       q.due_day as due_on,
       q.end_day + 30 as lapses_on,
       c.day as recheck_on,
       case when q.status = 'EXCLUDED' then q.reason_out end as missing,
       q.end_day as say_home_on,
       case when q.heart_id is null then 'a visit is wanted within 14 days'
            else 'with heart failure a visit is wanted within 7 days' end as say_risk,
       case when q.status = 'MET' then 'A visit' else 'No visit' end as say_visit,
       case when q.booked_day is null then ''
            when q.booked_day < a.day then ' One was booked; nobody says whether it took place.'
            else ' One is booked; booked is not seen.' end as say_booked,
       case when q.booked_day is null then 'Book a visit'
            else 'Find out whether the booked visit took place' end as say_step
from answer q
join next_change c on c.patient_id = q.patient_id and c.subject = q.subject
cross join as_of a

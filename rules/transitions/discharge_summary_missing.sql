/* ---
title: Hospital papers not here
why: In most first visits after a hospital stay the doctor has not seen the discharge summary; what was changed and what is still to be done stays unknown.
kind: gap
question: Has the hospital sent {patient}'s discharge summary?
reason: "Home since {home_on}; no discharge summary of that stay is here.{visit}"
met: "The discharge summary of the stay that ended {home_on} is here."
excluded:
  back: "{patient} was back in hospital before it came; the papers of the new stay are asked for."
next_step: Ask the hospital's records office for the discharge summary
missing:
  exact_day: "The day of discharge, or of a visit since, is known only by its month. Ask the hospital."
authority:
  name: NCQA Transitions of Care, discharge information received on the day of discharge to 2 days after
  edition: "2025"
  url: https://www.ncqa.org/hedis/measures/transitions-of-care/
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 3
needs: [homecoming, document, future_appointment, value_set_code, as_of]
--- */
-- A summary that names the stay, or that names none and was written from the day before the discharge on. A preliminary
-- one does not count. It holds up the next booked visit within fourteen days of the discharge, as a ride is not.
with stay as (
    select h.patient_id, h.id, 'stay:' || cast(h.id as varchar(20)) as subject, h.end_day, h.next_stay_day
    from homecoming h
    cross join as_of a
    where h.end_day > a.day - 30
),
paper as (
    select s.patient_id, s.subject, min(d.id) as id
    from stay s
    join document d on d.patient_id = s.patient_id
    join value_set_code v on v.code = d.code and v.value_set = 'discharge_summary'
    where (d.encounter_id = s.id or (d.encounter_id is null and d.written_from_day >= s.end_day - 1))
      and coalesce(d.doc_status, 'final') <> 'preliminary'
    group by s.patient_id, s.subject
),
booked as (
    select s.patient_id, s.subject, p.id, p.start_to_day as day,
           row_number() over (partition by s.patient_id, s.subject order by p.start_from_day nulls last, p.id nulls last) as place
    from stay s
    join future_appointment p on p.patient_id = s.patient_id and p.start_from_day <= s.end_day + 14
    where p.status in ('booked', 'arrived', 'checked-in') and coalesce(p.kind, '') <> 'RIDE'
),
answer as (
    select s.patient_id, s.subject, s.end_day, b.id as visit_id, b.day as visit_day,
           case when d.id is not null then 'MET'
                when s.next_stay_day is not null then 'EXCLUDED'
                else 'DUE' end as status
    from stay s
    left join paper d on d.patient_id = s.patient_id and d.subject = s.subject
    left join booked b on b.patient_id = s.patient_id and b.subject = s.subject and b.place = 1
),
change as (
    select patient_id, subject, end_day + 30 as day from answer
    union all
    select patient_id, subject, visit_day + 1 from answer where visit_day is not null
),
next_change as (
    select patient_id, subject, min(day) as day from change group by patient_id, subject
),
evidence as (
    select patient_id, subject, 'encounter' as fact_table, id as fact_id, 'stay' as role from stay
    union all
    select patient_id, subject, 'document_reference', id, 'summary' from paper
    union all
    select patient_id, subject, 'appointment', id, 'visit' from booked where place = 1
)
select q.patient_id, q.subject, q.status, q.end_day + 1 as opens_on, q.end_day + 2 as due_on, q.end_day + 30 as lapses_on,
       c.day as recheck_on,
       case when q.status = 'EXCLUDED' then 'back' end as missing,
       'appointment:' || cast(q.visit_id as varchar(20)) as blocks,
       q.end_day as say_home_on,
       case when q.visit_day is null then '' else ' A visit is booked that needs it.' end as say_visit
from answer q
join next_change c on c.patient_id = q.patient_id and c.subject = q.subject

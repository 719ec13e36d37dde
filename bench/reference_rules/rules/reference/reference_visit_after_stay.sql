/* ---
title: No visit within 14 days after a stay in hospital
why: One of the five rules by which speed is measured; not for care.
kind: deadline
question: Was {patient} seen after the stay?
reason: "Discharged {discharged_on}."
next_step: None. It is a measurement.
authority: {name: Beforehand, edition: "measurement", url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
needs: [finished_stay, outpatient_visit, as_of]
--- */
with stay as (
    select s.patient_id, s.id, s.end_from_day, 'stay:' || cast(s.id as varchar(20)) as subject
    from finished_stay s
    cross join as_of a
    where s.end_from_day > a.day - 365
),
seen as (
    select s.patient_id, s.id, min(v.id) as visit_id
    from stay s
    join outpatient_visit v on v.patient_id = s.patient_id
    where v.start_from_day between s.end_from_day and s.end_from_day + 14
    group by s.patient_id, s.id
),
evidence as (
    select patient_id, subject, 'encounter' as fact_table, id as fact_id, 'stay' as role from stay
    union all
    select s.patient_id, s.subject, 'encounter', e.visit_id, 'visit' from stay s join seen e on e.patient_id = s.patient_id and e.id = s.id
)
select s.patient_id, s.subject, case when e.id is not null then 'MET' else 'DUE' end as status,
       s.end_from_day as opens_on, s.end_from_day + 14 as due_on, s.end_from_day + 365 as lapses_on,
       case when s.end_from_day + 365 < a.day + 90 then s.end_from_day + 365 else a.day + 90 end as recheck_on,
       cast(null as varchar(20)) as missing, s.end_from_day as say_discharged_on
from stay s
cross join as_of a
left join seen e on e.patient_id = s.patient_id and e.id = s.id

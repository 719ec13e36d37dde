/* ---
title: Own doctor not told of the hospital stay
why: The team that knows the person can prevent mistakes in hospital and prepare the way home, if somebody tells them.
kind: gap
question: Does {patient}'s own doctor know that they are in hospital?
reason: "In hospital since {since_on}; nobody has written down that the primary care team was told."
met: "In hospital since {since_on}; the primary care team was told."
missing:
  exact_day: "The day the stay began is known only by its month. Ask the ward."
excluded:
  refused: "{patient} did not want the primary care team told."
next_step: Tell the primary care team, and ask the ward for the planned day of discharge
authority:
  name: NCQA Transitions of Care, notification of inpatient admission on the day of admission to 2 days after; 42 CFR 482.24(d), notices to the primary care practitioner
  edition: "2025"
  url: https://www.ecfr.gov/current/title-42/chapter-IV/subchapter-G/part-482/subpart-C/section-482.24
  valid_from: 2021-05-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 2
needs: [person, current_stay, contact_made, settled, value_set_code, as_of]
--- */
-- Stays that go on, begun within 30 days. A notice is a contact about the stay of that kind. It ends with the stay: then the
-- rules for the way home speak.
with stay as (
    select c.patient_id, c.id, 'stay:' || cast(c.id as varchar(20)) as subject, c.start_from_day
    from current_stay c
    join person p on p.patient_id = c.patient_id
    cross join as_of a
    where c.start_from_day > a.day - 30
),
told as (
    select s.patient_id, s.subject, min(c.id) as id
    from stay s
    join contact_made c on c.patient_id = s.patient_id and c.about_id = s.id
    join value_set_code v on v.code = c.topic and v.value_set = 'work_admission_notice'
    group by s.patient_id, s.subject
),
refused as (
    select s.patient_id, s.subject, max(w.fact_id) as id
    from stay s
    join settled w on w.patient_id = s.patient_id and w.about_id = s.id
    where w.is_decision = 0
    group by s.patient_id, s.subject
),
evidence as (
    select patient_id, subject, 'encounter' as fact_table, id as fact_id, 'stay' as role from stay
    union all
    select patient_id, subject, 'communication', id, 'notice' from told
    union all
    select patient_id, subject, 'communication', id, 'refusal' from refused
)
select s.patient_id, s.subject,
       case when t.id is not null then 'MET' when r.id is not null then 'EXCLUDED' else 'DUE' end as status,
       s.start_from_day as opens_on, s.start_from_day + 2 as due_on, s.start_from_day + 30 as lapses_on,
       a.day + 1 as recheck_on,
       case when t.id is null and r.id is not null then 'refused' end as missing,
       s.start_from_day as say_since_on
from stay s
cross join as_of a
left join told t on t.patient_id = s.patient_id and t.subject = s.subject
left join refused r on r.patient_id = s.patient_id and r.subject = s.subject

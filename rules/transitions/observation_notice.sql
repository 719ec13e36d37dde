/* ---
title: In hospital, but only for observation
why: Observation looks like a stay but is billed as outpatient care and does not count toward Medicare's three days for a skilled nursing facility; people must be told.
kind: deadline
question: Was {patient} told that this is observation, not an admission?
reason: "Under observation since {since_on}; no Medicare Outpatient Observation Notice is on record. It is due by {by_on} when observation lasts more than 24 hours."
met: "Under observation since {since_on}; the notice was given."
next_step: Ask the ward for the notice and whether an admission is planned
missing:
  coverage: No insurance is on record, so nobody can tell whether Medicare's notice is due.
  exact_day: "The day observation began, or the day of the notice, is known only by its month. Ask the hospital."
authority:
  name: 42 CFR 489.20(y), Medicare Outpatient Observation Notice (CMS-10611), after 24 hours and by the 36th
  edition: "2024"
  url: https://www.ecfr.gov/current/title-42/chapter-IV/subchapter-G/part-489/subpart-B/section-489.20
  valid_from: 2017-03-08
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 3
needs: [medicare_person, encounter, document, contact_made, value_set_code, as_of]
--- */
-- Observation that goes on, begun within 14 days. It is first asked on the day after it began; the 36th hour falls on that day
-- at the earliest. When observation ends or becomes an admission the row goes.
with watched as (
    select e.patient_id, e.id, 'stay:' || cast(e.id as varchar(20)) as subject, e.start_from_day, e.start_to_day, m.is_sure
    from encounter e
    join medicare_person m on m.patient_id = e.patient_id
    cross join as_of a
    where e.same_as = e.id and e.class_code = 'OBSENC' and e.status in ('arrived', 'in-progress') and e.end_from_day is null
      and e.start_from_day <= a.day and e.start_to_day > a.day - 14
),
told as (
    select w.patient_id, w.subject, 'document_reference' as fact_table, d.id
    from watched w
    join document d on d.patient_id = w.patient_id and d.written_from_day >= w.start_from_day
    join value_set_code v on v.code = d.code and v.value_set = 'observation_notice'
    union
    select w.patient_id, w.subject, 'communication', c.id
    from watched w
    join contact_made c on c.patient_id = w.patient_id and c.about_id = w.id
    join value_set_code v on v.code = c.topic and v.value_set = 'observation_notice'
),
first_told as (
    select patient_id, subject, fact_table, id,
           row_number() over (partition by patient_id, subject order by id nulls last) as place
    from told
),
answer as (
    select w.patient_id, w.subject, w.start_from_day,
           case when t.id is not null then 'MET'
                when w.is_sure = 0 then 'UNKNOWN'
                else 'DUE' end as status
    from watched w
    left join first_told t on t.patient_id = w.patient_id and t.subject = w.subject and t.place = 1
),
evidence as (
    select w.patient_id, w.subject, 'encounter' as fact_table, w.id as fact_id, 'observation' as role from watched w
    union all
    select t.patient_id, t.subject, t.fact_table, t.id, 'notice' from first_told t where t.place = 1
)
select q.patient_id, q.subject, q.status, q.start_from_day + 1 as opens_on, q.start_from_day + 1 as due_on,
       q.start_from_day + 14 as lapses_on, a.day + 1 as recheck_on,
       case when q.status = 'UNKNOWN' then 'coverage' end as missing,
       q.start_from_day as say_since_on, q.start_from_day + 1 as say_by_on
from answer q
cross join as_of a

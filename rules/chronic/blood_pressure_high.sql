/* ---
title: Blood pressure above 140 over 90
why: Pressure left above goal damages heart, brain and kidneys; it should be measured again within a month.
kind: gap
question: Is a new blood pressure reading arranged for {patient}?
reason: "The last reading, of {read_on}, is at or above 140/90; it is due again within a month until it is at goal."
met: "The last reading, of {read_on}, is below 140/90; the one before was not."
excluded:
  declined: "{patient} declined to be measured."
  hospice: "{patient} is in hospice or palliative care."
  frail: "{patient} lives in a nursing home, is frail and gravely ill (from 66) or frail (from 81); the clinician sets the goal."
  kidneys: "{patient} is on dialysis or has a new kidney; the kidney clinic measures and sets the goal."
next_step: Ask for a reading at home or book a visit.
missing:
  unit: "The last reading does not say both numbers in mmHg."
  day: "The day of the last reading is not clear."
authority: {name: "ACC/AHA guideline on high blood pressure in adults", edition: "2017, renewed 2025",
            url: "https://www.ahajournals.org/doi/10.1161/HYP.0000000000000065", valid_from: 2017-11-13}
notes: "The quality measure leaves pregnant people out; here they stay, since high pressure in pregnancy cannot wait. The maternity clinic is asked first."
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: book
books: loinc|85354-9
harm: 3
needs: [person, final_result, encounter, future_appointment, said_no, hospice_care, too_frail, kidney_failure, value_set_code]
--- */
with
-- readings outside emergency rooms and hospital stays, of adults
readings as (
    select r.patient_id, r.id, r.taken_from_day, r.taken_to_day, v.value_set,
           case when r.value_unit in ('mm[Hg]', 'mmHg') then r.value_micro end as pressure
    from final_result r
    join person p on p.patient_id = r.patient_id
    join value_set_code v on v.code = r.code and v.value_set in ('systolic_pressure', 'diastolic_pressure')
    left join encounter e on e.patient_id = r.patient_id and e.id = r.encounter_id
    where p.age_low >= 18 and coalesce(e.class_code, 'AMB') not in ('EMER', 'IMP', 'ACUTE', 'NONAC', 'OBSENC')
),
last_day as (
    select patient_id, max(taken_to_day) as day
    from readings
    group by patient_id
),
-- the lowest of each number on the last day, as the measures do
newest as (
    select r.patient_id, l.day, min(r.taken_from_day) as from_day,
           min(case when r.value_set = 'systolic_pressure' then r.pressure end) as systolic,
           min(case when r.value_set = 'diastolic_pressure' then r.pressure end) as diastolic
    from readings r
    join last_day l on l.patient_id = r.patient_id and l.day = r.taken_to_day
    group by r.patient_id, l.day
),
declined as (
    select n.patient_id, n.day, n.fact_table, n.fact_id
    from said_no n
    join value_set_code v on v.code = n.code and v.value_set = 'blood_pressure'
    cross join as_of a
    where n.day + 365 > a.day
),
booked as (
    select b.patient_id, b.id, b.start_to_day + 1 as free_day
    from future_appointment b
    join value_set_code v on v.code = b.code and v.value_set = 'blood_pressure'
    where b.status = 'booked'
),
-- was there a high one in the year before? then a good one closes it
earlier as (
    select distinct r.patient_id
    from readings r
    join last_day l on l.patient_id = r.patient_id
    where r.taken_to_day < l.day and r.taken_to_day > l.day - 365
      and r.pressure >= case r.value_set when 'systolic_pressure' then 140000000 else 90000000 end
),
barred as (
    select n.patient_id, 1 as weight, h.fact_table, h.fact_id
    from newest n
    join hospice_care h on h.patient_id = n.patient_id
    union all
    select n.patient_id, 2 as weight, f.fact_table, f.fact_id
    from newest n
    join too_frail f on f.patient_id = n.patient_id
    union all
    select n.patient_id, 3 as weight, k.fact_table, k.fact_id
    from newest n
    join kidney_failure k on k.patient_id = n.patient_id
),
judged as (
    select n.patient_id, n.day, n.day + 365 as over_day, n.systolic, n.diastolic, d.until_day, k.free_day,
           case when h.weight = 1 then 'hospice'
                when h.weight = 2 then 'frail'
                when h.weight = 3 then 'kidneys'
                when n.systolic < 140000000 and n.diastolic < 90000000 then 'met'
                when d.until_day is not null then 'declined'
                when n.systolic >= 140000000 or n.diastolic >= 90000000
                then case when n.from_day = n.day then 'due' else 'day' end
                else 'unit' end as verdict,
           case when n.systolic < 140000000 and n.diastolic < 90000000 and e.patient_id is null then 'quiet' else 'said' end as voice
    from newest n
    cross join as_of a
    left join earlier e on e.patient_id = n.patient_id
    left join (select patient_id, min(weight) as weight from barred group by patient_id) h on h.patient_id = n.patient_id
    left join (select patient_id, max(day) + 365 as until_day from declined group by patient_id) d
        on d.patient_id = n.patient_id
    left join (select patient_id, min(free_day) as free_day from booked group by patient_id) k
        on k.patient_id = n.patient_id
    where n.day + 365 > a.day
),
soonest as (
    select j.patient_id, case when j.free_day < j.over_day then j.free_day else j.over_day end as day
    from judged j
),
evidence as (
    select j.patient_id, 'check:blood_pressure' as subject, 'observation' as fact_table, r.id as fact_id, 'reading' as role
    from judged j
    join readings r on r.patient_id = j.patient_id and r.taken_to_day = j.day
    union all
    select d.patient_id, 'check:blood_pressure' as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
    union all
    select k.patient_id, 'check:blood_pressure' as subject, 'appointment' as fact_table, k.id as fact_id, 'booked' as role
    from booked k
    union all
    select h.patient_id, 'check:blood_pressure' as subject, h.fact_table, h.fact_id, 'exclusion' as role
    from barred h
)
select j.patient_id, 'check:blood_pressure' as subject,
       case j.verdict when 'met' then 'MET' when 'due' then 'DUE' when 'day' then 'UNKNOWN' when 'unit' then 'UNKNOWN'
                      else 'EXCLUDED' end as status,
       case when j.verdict = 'declined' then j.until_day
            when j.verdict = 'due' then coalesce(j.free_day, j.day + 14) end as opens_on,
       case when j.verdict = 'due' then j.day + 30 end as due_on, j.over_day as lapses_on,
       case when s.day < a.day + 90 then s.day else a.day + 90 end as recheck_on,
       case j.verdict when 'day' then 'day' when 'unit' then 'unit' when 'declined' then 'declined'
                      when 'hospice' then 'hospice' when 'frail' then 'frail' when 'kidneys' then 'kidneys' end as missing,
       j.day as say_read_on
from judged j
join soonest s on s.patient_id = j.patient_id
cross join as_of a
where j.voice = 'said'

/* ---
title: "High blood pressure under control"
measure: {id: CMS165, basis: boolean}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2026 performance period: CMS165"
  url: https://ecqi.healthit.gov/ecqm/ec/2026/cms0165
  valid_from: 2026-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. The published specification is NCQA's, who ask for
  a licence for commercial use of it.
needs: [any_person, calendar, care_visit, condition_span, observed, seen_in_period, hospice_in_period,
        palliative_in_period, frail_in_period, kidney_failure_span]
--- */
with
-- Essential hypertension that holds at some time in the first six months of the period.
half_year as (
  select h.day
  from period d
  join calendar c on c.calendar_id = 1 and c.day = d.from_day
  join calendar h on h.calendar_id = 1 and h.month_index = c.month_index + 6 and h.day_of_month = 1
),
-- Ages 18 to 85 at the end of the period, with it, and seen at least once.
initial_population as (
  select p.patient_id, p.age_low as age
  from any_person p
  cross join period d
  cross join half_year h
  where p.age_low between 18 and 85
    and exists (select 1 from seen_in_period v where v.patient_id = p.patient_id)
    and exists (
      select 1
      from condition_span c
      join value_set_code s on s.code = c.code and s.value_set = 'vsac_essential_hypertension'
      where c.patient_id = p.patient_id and c.from_day < h.day and c.to_day >= d.from_day)
),
denominator as (
  select i.patient_id, i.age from initial_population i
),
denominator_exclusion as (
  select h.patient_id from hospice_in_period h
  union all
  select h.patient_id from palliative_in_period h
  union all
  select i.patient_id
  from denominator i
  join frail_in_period f on f.patient_id = i.patient_id
  where i.age >= f.from_age
  union all
  select c.patient_id
  from condition_span c
  join value_set_code s on s.code = c.code
    and s.value_set in ('vsac_pregnancy', 'vsac_chronic_kidney_disease_stage_5')
  cross join period d
  where c.from_day <= d.to_day and c.to_day >= d.from_day
  union all
  select k.patient_id
  from kidney_failure_span k
  cross join period d
  where k.from_day <= d.to_day and k.to_day >= d.from_day
),
-- Stays and emergency visits: what is measured there does not count.
acute as (
  select v.patient_id, v.id, v.from_day, v.to_day, v.start_at, v.end_at
  from care_visit v
  join value_set_code s on s.code = v.code
    and s.value_set in ('vsac_encounter_inpatient', 'vsac_emergency_department_evaluation_and_management_visit')
  union all
  select v.patient_id, v.id, v.from_day, v.to_day, v.start_at, v.end_at
  from care_visit v
  where v.class_code in ('EMER', 'IMP', 'ACUTE', 'NONAC', 'PRENC', 'SS')
),
pressure as (
  select o.patient_id, o.to_day as day,
         min(case when s.value_set = 'code_systolic' then o.value_micro end) as systolic,
         min(case when s.value_set = 'code_diastolic' then o.value_micro end) as diastolic
  from observed o
  join value_set_code s on s.code = o.code and s.value_set in ('code_systolic', 'code_diastolic')
  cross join period d
  where o.to_day between d.from_day and d.to_day
    and o.value_unit = 'mm[Hg]'
    and not exists (
      select 1
      from acute x
      where x.patient_id = o.patient_id
        and (x.id = o.encounter_id
          or (o.encounter_id is null and o.from_day >= x.from_day and o.to_day <= x.to_day
            and (o.taken_at is null or x.start_at is null or o.taken_at >= x.start_at)
            and (o.taken_at is null or x.end_at is null or o.taken_at <= x.end_at))))
  group by o.patient_id, o.to_day
),
-- The lowest pressures of the last day on which both were measured.
last_day as (
  select p.patient_id, max(p.day) as day
  from pressure p
  where p.systolic is not null and p.diastolic is not null
  group by p.patient_id
),
numerator as (
  select p.patient_id
  from pressure p
  join last_day l on l.patient_id = p.patient_id and l.day = p.day
  where p.systolic < 140000000 and p.diastolic < 90000000
)

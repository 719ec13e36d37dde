/* ---
title: "No antibiotics for a cold"
measure: {id: CMS154, basis: Encounter}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2025 performance period: CMS154"
  url: https://ecqi.healthit.gov/ecqm/ec/2025/cms0154
  valid_from: 2025-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. The published specification is NCQA's, who ask for
  a licence for commercial use of it.
needs: [patient, calendar, condition_span, respiratory_visit, hospice_in_period, respiratory_unclear,
        respiratory_antibiotic]
--- */
with
-- Three months old or more when the period begins.
old_enough as (
  select p.patient_id
  from patient p
  cross join period d
  join calendar f on f.calendar_id = 1 and f.day = d.from_day
  join calendar b on b.calendar_id = 1 and b.day = p.birth_to_day
  where f.month_index - b.month_index - case when f.day_of_month < b.day_of_month then 1 else 0 end >= 3
),
-- Visits for it, at least three days before the end of the period, of people old enough when the period begins.
episode as (
  select v.patient_id, v.id as encounter_id, v.from_day
  from respiratory_visit v
  join old_enough p on p.patient_id = v.patient_id
  where exists (
      select 1
      from condition_span c
      join value_set_code x on x.code = c.code and x.value_set in ('vsac_upper_respiratory_infection')
      where c.patient_id = v.patient_id and c.from_day <= v.to_day and c.to_day >= v.from_day
        and (c.from_day < v.to_day or c.onset_at is null or v.end_at is null or c.onset_at <= v.end_at))
),
initial_population as (
  select e.patient_id, e.encounter_id, e.from_day from episode e
),
denominator as (
  select i.patient_id, i.encounter_id, i.from_day from initial_population i
),
denominator_exclusion as (
  select i.patient_id, i.encounter_id
  from initial_population i
  join hospice_in_period h on h.patient_id = i.patient_id
  union all
  select i.patient_id, i.encounter_id
  from initial_population i
  join respiratory_unclear x on x.patient_id = i.patient_id and x.id = i.encounter_id
  union all
  -- Another condition that begins within three days asks for antibiotics.
  select i.patient_id, i.encounter_id
  from initial_population i
  join condition_span c on c.patient_id = i.patient_id and c.from_day between i.from_day and i.from_day + 3
  join value_set_code s on s.code = c.code
    and s.value_set in ('vsac_competing_conditions_for_respiratory_conditions', 'vsac_acute_pharyngitis',
                        'vsac_acute_tonsillitis')
),
numerator as (
  select i.patient_id, i.encounter_id
  from initial_population i
  where not exists (
    select 1 from respiratory_antibiotic t where t.patient_id = i.patient_id and t.id = i.encounter_id)
)

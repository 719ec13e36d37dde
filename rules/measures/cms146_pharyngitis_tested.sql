/* ---
title: "Sore throat treated with antibiotics is tested for streptococci"
measure: {id: CMS146, basis: Encounter}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2025 performance period: CMS146"
  url: https://ecqi.healthit.gov/ecqm/ec/2025/cms0146
  valid_from: 2025-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. The published specification is NCQA's, who ask for
  a licence for commercial use of it.
needs: [age_at_period_start, condition_span, observed, respiratory_visit, respiratory_antibiotic, hospice_in_period,
        respiratory_unclear]
--- */
with
old_enough as (
  select a.patient_id from age_at_period_start a where a.at_start >= 3
),
-- Visits for it, at least three days before the end of the period, of people old enough when the period begins.
episode as (
  select v.patient_id, v.id as encounter_id, v.from_day
  from respiratory_visit v
  join old_enough p on p.patient_id = v.patient_id
  where exists (
      select 1
      from condition_span c
      join value_set_code x on x.code = c.code and x.value_set in ('vsac_acute_pharyngitis', 'vsac_acute_tonsillitis')
      where c.patient_id = v.patient_id and c.from_day <= v.to_day and c.to_day >= v.from_day
        and (c.from_day < v.to_day or c.onset_at is null or v.end_at is null or c.onset_at <= v.end_at))
),
initial_population as (
  select distinct e.patient_id, e.encounter_id, e.from_day
  from episode e
  join respiratory_antibiotic t on t.patient_id = e.patient_id and t.id = e.encounter_id
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
    and s.value_set in ('vsac_competing_conditions_for_respiratory_conditions')
),
numerator as (
  select i.patient_id, i.encounter_id
  from initial_population i
  join observed o on o.patient_id = i.patient_id and o.to_day between i.from_day - 3 and i.from_day + 3
  join value_set_code s on s.code = o.code and s.value_set = 'vsac_group_a_streptococcus_test'
  where o.value_micro is not null or o.value_code is not null or o.value_words is not null
)

/* ---
title: "Kidney health checked in diabetes"
measure: {id: CMS951, basis: boolean}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2025 performance period: CMS951"
  url: https://ecqi.healthit.gov/ecqm/ec/2025/cms0951
  valid_from: 2025-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. The published specification is the National
  Kidney Foundation's.
needs: [age_at_period_start, care_visit, condition_span, observed, done_span, ordered_service, hospice_in_period,
        palliative_in_period]
--- */
with
-- Aged 18 to 85 when the period begins, with diabetes at any time in it, and seen at least once.
initial_population as (
  select p.patient_id
  from age_at_period_start p
  cross join period d
  where p.at_start between 18 and 85
    and exists (
      select 1
      from care_visit v
      join value_set_code s on s.code = v.code
        and s.value_set in ('vsac_office_visit', 'vsac_annual_wellness_visit', 'vsac_home_healthcare_services',
                            'vsac_outpatient_consultation',
                            'vsac_preventive_care_services_established_office_visit_18_and_up',
                            'vsac_preventive_care_services_initial_office_visit_18_and_up',
                            'vsac_telephone_visits')
      where v.patient_id = p.patient_id and v.from_day >= d.from_day and v.to_day <= d.to_day)
    and exists (
      select 1
      from condition_span c
      join value_set_code s on s.code = c.code and s.value_set = 'vsac_diabetes'
      where c.patient_id = p.patient_id and c.from_day <= d.to_day and c.to_day >= d.from_day)
),
denominator as (
  select i.patient_id from initial_population i
),
denominator_exclusion as (
  select h.patient_id from hospice_in_period h
  union all
  select h.patient_id from palliative_in_period h
  union all
  select c.patient_id
  from condition_span c
  join value_set_code s on s.code = c.code
    and s.value_set in ('vsac_end_stage_renal_disease', 'vsac_chronic_kidney_disease_stage_5')
  cross join period d
  where c.from_day <= d.to_day and c.to_day >= d.from_day
  union all
  select p.patient_id
  from done_span p
  join value_set_code s on s.code = p.code and s.value_set = 'vsac_palliative_or_hospice_care'
  cross join period d
  where p.from_day <= d.to_day and p.until_day >= d.from_day
  union all
  select r.patient_id
  from ordered_service r
  join value_set_code s on s.code = r.code and s.value_set = 'vsac_palliative_or_hospice_care'
  cross join period d
  where r.authored_from_day between d.from_day and d.to_day
),
measured as (
  select o.patient_id, s.value_set
  from observed o
  join value_set_code s on s.code = o.code
    and s.value_set in ('vsac_estimated_glomerular_filtration_rate', 'vsac_urine_albumin_creatinine_ratio')
  cross join period d
  where o.from_day >= d.from_day and o.to_day <= d.to_day
    and (o.value_micro is not null or o.value_code is not null or o.value_words is not null)
),
numerator as (
  select f.patient_id
  from measured f
  join measured u on u.patient_id = f.patient_id
  where f.value_set = 'vsac_estimated_glomerular_filtration_rate'
    and u.value_set = 'vsac_urine_albumin_creatinine_ratio'
)

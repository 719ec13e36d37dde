/* ---
title: "Screening for risk of falls"
measure: {id: CMS139, basis: boolean}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2025 performance period: CMS139"
  url: https://ecqi.healthit.gov/ecqm/ec/2025/cms0139
  valid_from: 2025-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. The published specification is NCQA's, who ask for
  a licence for commercial use of it.
needs: [age_at_period_start, care_visit, observed, hospice_in_period]
--- */
with
-- Aged 65 or more when the period begins, seen at least once in it.
initial_population as (
  select p.patient_id
  from age_at_period_start p
  cross join period d
  where p.at_start >= 65
    and exists (
      select 1
      from care_visit v
      join value_set_code s on s.code = v.code
        and s.value_set in ('vsac_annual_wellness_visit', 'vsac_audiology_visit',
                            'vsac_care_services_in_long_term_residential_facility',
                            'vsac_discharge_services_nursing_facility', 'vsac_home_healthcare_services',
                            'vsac_nursing_facility_visit', 'vsac_occupational_therapy_evaluation',
                            'vsac_office_visit', 'vsac_ophthalmological_services',
                            'vsac_physical_therapy_evaluation',
                            'vsac_preventive_care_services_established_office_visit_18_and_up',
                            'vsac_preventive_care_services_individual_counseling',
                            'vsac_preventive_care_services_initial_office_visit_18_and_up',
                            'vsac_telephone_visits', 'vsac_virtual_encounter')
      where v.patient_id = p.patient_id and v.from_day >= d.from_day and v.to_day <= d.to_day)
),
denominator as (
  select i.patient_id from initial_population i
),
denominator_exclusion as (
  select h.patient_id from hospice_in_period h
),
numerator as (
  select o.patient_id
  from observed o
  join value_set_code s on s.code = o.code and s.value_set = 'vsac_falls_screening'
  cross join period d
  where o.from_day >= d.from_day and o.to_day <= d.to_day
)

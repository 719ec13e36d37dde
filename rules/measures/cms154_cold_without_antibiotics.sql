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
needs: [patient, calendar, care_visit, condition_span, hospice_span, ordered_medicine]
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
  select v.patient_id, v.id as encounter_id, v.from_day, v.to_day
  from care_visit v
  join old_enough p on p.patient_id = v.patient_id
  join value_set_code s on s.code = v.code
    and s.value_set in ('vsac_emergency_department_evaluation_and_management_visit', 'vsac_home_healthcare_services',
                        'vsac_medical_disability_exam', 'vsac_office_visit', 'vsac_outpatient_consultation',
                        'vsac_preventive_care_established_office_visit_0_to_17',
                        'vsac_preventive_care_services_established_office_visit_18_and_up',
                        'vsac_preventive_care_services_group_counseling',
                        'vsac_preventive_care_services_individual_counseling',
                        'vsac_preventive_care_services_initial_office_visit_0_to_17',
                        'vsac_preventive_care_services_initial_office_visit_18_and_up', 'vsac_telephone_visits',
                        'vsac_virtual_encounter', 'measure_cpt')
  cross join period d
  where v.from_day >= d.from_day and v.to_day <= d.to_day - 3
    and exists (
      select 1
      from condition_span c
      join value_set_code x on x.code = c.code and x.value_set in ('vsac_upper_respiratory_infection')
      where c.patient_id = v.patient_id and c.from_day <= v.to_day and c.to_day >= v.from_day
        and (c.from_day < v.to_day or c.onset_at is null or v.end_at is null or c.onset_at <= v.end_at))
),
-- Antibiotics ordered on the day of the visit or in the three days after.
treated as (
  select e.patient_id, e.encounter_id
  from episode e
  join ordered_medicine m on m.patient_id = e.patient_id and m.authored_from_day between e.from_day and e.from_day + 3
  join value_set_code s on s.code = m.code and s.value_set = 'vsac_antibiotic_medications_for_pharyngitis'
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
  join hospice_span h on h.patient_id = i.patient_id
  cross join period d
  where h.from_day <= d.to_day and h.to_day >= d.from_day
  union all
  -- Another condition that began in the year before makes it hard to tell.
  select i.patient_id, i.encounter_id
  from initial_population i
  join condition_span c on c.patient_id = i.patient_id
  join value_set_code s on s.code = c.code and s.value_set = 'vsac_comorbid_conditions_for_respiratory_conditions'
  join calendar v on v.calendar_id = 1 and v.day = i.from_day
  join calendar y on y.calendar_id = 1 and y.month_index = v.month_index - 12 and y.day_of_month = 1
  where c.from_day <= i.from_day
    and c.from_day >= y.day - 1 + case when v.day_of_month > y.days_in_month then y.days_in_month
                                       else v.day_of_month end
  union all
  -- Antibiotics taken in the 30 days before.
  select i.patient_id, i.encounter_id
  from initial_population i
  join ordered_medicine m on m.patient_id = i.patient_id and m.status = 'active'
  join value_set_code s on s.code = m.code and s.value_set = 'vsac_antibiotic_medications_for_pharyngitis'
  where m.from_day < i.from_day and m.to_day >= i.from_day - 30
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
    select 1 from treated t where t.patient_id = i.patient_id and t.encounter_id = i.encounter_id)
)

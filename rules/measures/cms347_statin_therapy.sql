/* ---
title: "Statins for those at high risk of heart disease and stroke"
measure: {id: CMS347, basis: boolean, rates: 4}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2025 performance period: CMS347"
  url: https://ecqi.healthit.gov/ecqm/ec/2025/cms0347
  valid_from: 2025-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. Nobody but the owners of the code sets claims rights
  to the published specification.
needs: [age_at_period_start, care_visit, condition_span, observed, done_span, ordered_medicine, refused_order,
        current_allergy, adverse_event, hospice_in_period, palliative_in_period]
--- */
with
seen as (
  select p.patient_id, p.at_start
  from age_at_period_start p
  cross join period d
  where exists (
      select 1
      from care_visit v
      join value_set_code s on s.code = v.code
        and s.value_set in ('vsac_annual_wellness_visit', 'vsac_office_visit', 'vsac_outpatient_consultation',
                            'vsac_outpatient_encounters_for_preventive_care',
                            'vsac_preventive_care_services_established_office_visit_18_and_up',
                            'vsac_preventive_care_services_individual_counseling',
                            'vsac_preventive_care_services_initial_office_visit_18_and_up',
                            'vsac_preventive_care_services_other')
      where v.patient_id = p.patient_id and v.from_day >= d.from_day and v.to_day <= d.to_day
        and v.status = 'finished')
),
-- Disease of the arteries by the end of the period, or what was done for it.
arteries as (
  select c.patient_id
  from condition_span c
  join value_set_code s on s.code = c.code
    and s.value_set in ('vsac_myocardial_infarction', 'code_subsequent_nstemi',
                        'vsac_cerebrovascular_disease_stroke_or_tia',
                        'vsac_atherosclerosis_and_peripheral_arterial_disease',
                        'vsac_ischemic_heart_disease_or_other_related_diagnoses', 'vsac_stable_and_unstable_angina')
  union all
  select p.patient_id
  from done_span p
  join value_set_code s on s.code = p.code
    and s.value_set in ('vsac_pci', 'vsac_cabg_surgeries', 'vsac_cabg_or_pci_procedure', 'vsac_carotid_intervention')
),
cholesterol as (
  select o.patient_id
  from observed o
  join value_set_code s on s.code = o.code and s.value_set = 'vsac_ldl_cholesterol'
  cross join period d
  where o.to_day <= d.to_day and o.value_micro >= 190000000 and o.value_unit = 'mg/dL'
  union all
  select c.patient_id
  from condition_span c
  join value_set_code s on s.code = c.code and s.value_set = 'vsac_familial_hypercholesterolemia'
),
diabetes as (
  select c.patient_id
  from condition_span c
  join value_set_code s on s.code = c.code and s.value_set = 'vsac_diabetes'
  cross join period d
  where c.from_day <= d.to_day and c.to_day >= d.from_day
),
risk as (
  select o.patient_id
  from observed o
  join value_set_code s on s.code = o.code and s.value_set = 'code_cardiovascular_risk'
  cross join period d
  where o.from_day >= d.from_day and o.to_day <= d.to_day and o.value_micro >= 20000000 and o.value_unit = '%'
),
-- Each person seen counts in the first of the four that fits.
initial_population as (
  select s.patient_id,
         case when exists (select 1 from arteries x where x.patient_id = s.patient_id) then 1
              when s.at_start between 20 and 75
                   and exists (select 1 from cholesterol x where x.patient_id = s.patient_id) then 2
              when s.at_start between 40 and 75
                   and exists (select 1 from diabetes x where x.patient_id = s.patient_id) then 3
              else 4 end as rate
  from seen s
  where exists (select 1 from arteries x where x.patient_id = s.patient_id)
     or (s.at_start between 20 and 75 and exists (select 1 from cholesterol x where x.patient_id = s.patient_id))
     or (s.at_start between 40 and 75 and exists (select 1 from diabetes x where x.patient_id = s.patient_id))
     or (s.at_start between 40 and 75 and exists (select 1 from risk x where x.patient_id = s.patient_id))
),
denominator as (
  select i.patient_id, i.rate from initial_population i
),
problem as (
  select c.patient_id, s.value_set
  from condition_span c
  join value_set_code s on s.code = c.code
    and s.value_set in ('vsac_breastfeeding', 'vsac_rhabdomyolysis', 'vsac_statin_associated_muscle_symptoms',
                        'vsac_liver_disease', 'vsac_hepatitis_a', 'vsac_hepatitis_b', 'vsac_end_stage_renal_disease')
  cross join period d
  where c.from_day <= d.to_day and c.to_day >= d.from_day
),
denominator_exclusion as (
  select i.patient_id, i.rate
  from initial_population i
  join problem p on p.patient_id = i.patient_id
  where p.value_set in ('vsac_breastfeeding', 'vsac_rhabdomyolysis')
),
-- Ordered in the period, or taken at some time in it.
treated as (
  select m.patient_id
  from ordered_medicine m
  join value_set_code s on s.code = m.code
    and s.value_set in ('vsac_high_intensity_statin_therapy', 'vsac_moderate_intensity_statin_therapy',
                        'vsac_low_intensity_statin_therapy')
  cross join period d
  where m.authored_from_day between d.from_day and d.to_day
     or (m.from_day <= d.to_day and (m.to_day >= d.from_day or (m.is_open = 1 and m.status = 'active')))
),
numerator as (
  select i.patient_id, i.rate
  from initial_population i
  join treated t on t.patient_id = i.patient_id
),
reason as (
  select p.patient_id from problem p where p.value_set not in ('vsac_breastfeeding', 'vsac_rhabdomyolysis')
  union all
  select h.patient_id from hospice_in_period h
  union all
  select h.patient_id from palliative_in_period h
  union all
  select g.patient_id
  from current_allergy g
  join value_set_code s on s.code = g.code and s.value_set = 'vsac_statin_allergen'
  cross join period d
  where g.onset_from_day is null or g.onset_from_day <= d.to_day
  union all
  select v.patient_id
  from adverse_event v
  join value_set_code s on s.code = v.code and s.value_set = 'vsac_statin_allergen'
  cross join period d
  where v.same_as = v.id and coalesce(v.occurred_from_day, v.recorded_from_day) <= d.to_day
  union all
  -- Not prescribed, for a medical reason told in the period.
  select r.patient_id
  from refused_order r
  join value_set_code s on s.code = r.code
    and s.value_set in ('vsac_high_intensity_statin_therapy', 'vsac_moderate_intensity_statin_therapy',
                        'vsac_low_intensity_statin_therapy')
  join value_set_code w on w.code in (r.reason, r.status_reason) and w.value_set = 'vsac_medical_reason'
  cross join period d
  where r.authored_from_day between d.from_day and d.to_day
),
denominator_exception as (
  select i.patient_id, i.rate
  from initial_population i
  join reason r on r.patient_id = i.patient_id
)

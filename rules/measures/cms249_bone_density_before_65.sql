/* ---
title: "Bone density scans of women under 65 without a risk"
measure: {id: CMS249, basis: boolean}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2025 performance period: CMS249"
  url: https://ecqi.healthit.gov/ecqm/ec/2025/cms0249
  valid_from: 2025-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. CMS owns the published specification.
needs: [age_at_period_start, patient, care_visit, condition_span, observed, done_span, ordered_service,
        ordered_medicine]
--- */
with
-- Women of 50 to 63 when the period begins, seen at least once in it.
initial_population as (
  select p.patient_id
  from age_at_period_start p
  join patient w on w.patient_id = p.patient_id and w.sex = 'female'
  cross join period d
  where p.at_start between 50 and 63
    and exists (
      select 1
      from care_visit v
      join value_set_code s on s.code = v.code
        and s.value_set in ('vsac_office_visit', 'vsac_outpatient_consultation',
                            'vsac_preventive_care_services_established_office_visit_18_and_up',
                            'vsac_preventive_care_services_initial_office_visit_18_and_up',
                            'vsac_telephone_visits', 'vsac_virtual_encounter', 'measure_cpt')
      where v.patient_id = p.patient_id and v.from_day >= d.from_day and v.to_day <= d.to_day)
),
denominator as (
  select i.patient_id from initial_population i
),
first_weighed as (
  select o.patient_id, o.id, o.value_micro,
         row_number() over (partition by o.patient_id
                            order by o.from_day nulls last, o.started_at nulls last, o.id) as place
  from observed o
  join value_set_code s on s.code = o.code and s.value_set = 'code_body_mass_index'
  cross join period d
  where o.from_day >= d.from_day and o.to_day <= d.to_day and o.value_unit = 'kg/m2'
),
-- Days on oral glucocorticoids up to the end of the period, each day once.
steroid as (
  select m.patient_id, m.id, m.from_day, case when m.to_day > d.to_day then d.to_day else m.to_day end as to_day
  from ordered_medicine m
  join value_set_code s on s.code = m.code and s.value_set = 'vsac_glucocorticoids_oral_only'
  cross join period d
  where m.status = 'active' and m.from_day <= d.to_day and m.to_day is not null
),
steroid_before as (
  select t.patient_id, t.id, t.from_day, t.to_day,
         max(t.to_day) over (partition by t.patient_id order by t.from_day nulls last, t.id
                             rows between unbounded preceding and 1 preceding) as covered
  from steroid t
),
steroid_days as (
  select b.patient_id,
         sum(case when b.covered is null or b.covered < b.from_day then b.to_day - b.from_day + 1
                  when b.to_day > b.covered then b.to_day - b.covered else 0 end) as days
  from steroid_before b
  group by b.patient_id
),
ovary as (
  select p.patient_id,
         case when s.value_set = 'vsac_unilateral_oophorectomy_right' then 0 else 1 end as is_left,
         case when s.value_set = 'vsac_unilateral_oophorectomy_left' then 0 else 1 end as is_right
  from done_span p
  join value_set_code s on s.code = p.code
    and s.value_set in ('vsac_unilateral_oophorectomy_left', 'vsac_unilateral_oophorectomy_right')
  cross join period d
  where p.to_day <= d.to_day
  union all
  select p.patient_id,
         case when b.value_set = 'code_left' then 1 else 0 end as is_left,
         case when b.value_set = 'code_right' then 1 else 0 end as is_right
  from done_span p
  join value_set_code s on s.code = p.code and s.value_set = 'vsac_unilateral_oophorectomy_unspecified_laterality'
  join value_set_code b on b.code = p.body_site and b.value_set in ('code_left', 'code_right')
  cross join period d
  where p.to_day <= d.to_day
),
denominator_exclusion as (
  -- In the period: thin at first weighing, or more than two drinks a day.
  select w.patient_id from first_weighed w where w.place = 1 and w.value_micro <= 20000000
  union all
  select o.patient_id
  from observed o
  join value_set_code s on s.code = o.code and s.value_set = 'code_drinks_a_day'
  cross join period d
  where o.from_day >= d.from_day and o.to_day <= d.to_day and o.value_micro > 2000000
  union all
  -- Before the period.
  select c.patient_id
  from condition_span c
  join value_set_code s on s.code = c.code
    and s.value_set in ('vsac_osteoporosis_without_current_fracture', 'vsac_osteopenia',
                        'vsac_history_of_hip_fracture_in_parent')
  cross join period d
  where c.from_day < d.from_day
  union all
  select p.patient_id
  from done_span p
  join value_set_code s on s.code = p.code and s.value_set = 'vsac_gastric_bypass_surgery'
  cross join period d
  where p.to_day < d.from_day
  union all
  select m.patient_id
  from ordered_medicine m
  join value_set_code s on s.code = m.code and s.value_set = 'vsac_aromatase_inhibitors'
  cross join period d
  where m.status = 'active' and m.from_day < d.from_day and m.to_day is not null
  union all
  select o.patient_id
  from observed o
  join value_set_code s on s.code = o.code and s.value_set = 'vsac_history_of_hip_fracture_in_parent'
  cross join period d
  where o.to_day < d.from_day
  union all
  -- At any time up to the end of the period.
  select t.patient_id from steroid_days t where t.days >= 90
  union all
  select c.patient_id
  from condition_span c
  join value_set_code s on s.code = c.code
    and s.value_set in ('vsac_osteoporosis_with_current_fracture', 'vsac_malabsorption_syndromes',
                        'vsac_chronic_malnutrition', 'vsac_chronic_liver_disease', 'vsac_rheumatoid_arthritis',
                        'vsac_hyperthyroidism', 'vsac_type_1_diabetes', 'vsac_end_stage_renal_disease',
                        'vsac_osteogenesis_imperfecta', 'vsac_ankylosing_spondylitis', 'vsac_psoriatic_arthritis',
                        'vsac_ehlers_danlos_syndrome', 'vsac_cushings_syndrome', 'vsac_hyperparathyroidism',
                        'vsac_marfans_syndrome', 'vsac_lupus', 'vsac_multiple_myeloma', 'vsac_premature_menopause',
                        'vsac_eating_disorders', 'vsac_amenorrhea', 'vsac_evidence_of_bilateral_oophorectomy')
  union all
  select p.patient_id
  from done_span p
  join value_set_code s on s.code = p.code
    and s.value_set in ('vsac_chemotherapy', 'vsac_bone_marrow_transplant', 'vsac_major_transplant',
                        'vsac_kidney_transplant', 'vsac_bilateral_oophorectomy',
                        'vsac_evidence_of_bilateral_oophorectomy')
  cross join period d
  where p.to_day <= d.to_day
  union all
  select o.patient_id
  from ovary o
  group by o.patient_id
  having max(o.is_left) = 1 and max(o.is_right) = 1
),
scan as (
  select r.patient_id, r.id, r.authored_from_day as day, r.authored_at,
         row_number() over (partition by r.patient_id
                            order by r.authored_from_day nulls last, r.authored_at nulls last, r.id) as place
  from ordered_service r
  join value_set_code s on s.code = r.code and s.value_set = 'vsac_dxa_dual_energy_xray_absorptiometry_scan'
  cross join period d
  where r.authored_from_day between d.from_day and d.to_day
),
numerator as (
  select x.patient_id from scan x
),
-- A tool that told to look at the bones, before the first scan.
numerator_exclusion as (
  select x.patient_id
  from scan x
  join observed o on o.patient_id = x.patient_id
    and (o.to_day < x.day or (o.to_day = x.day and o.taken_at < x.authored_at))
  join value_set_code s on s.code = o.code
    and s.value_set in ('code_fracture_risk', 'code_osteoporosis_risk_assessment', 'code_osteoporosis_index_of_risk',
                        'code_osteoporosis_self_assessment')
  where x.place = 1
    and ((s.value_set = 'code_fracture_risk' and o.value_micro >= 8400000)
      or (s.value_set = 'code_osteoporosis_risk_assessment' and o.value_micro >= 9000000)
      or (s.value_set = 'code_osteoporosis_index_of_risk' and o.value_micro < 1000000)
      or (s.value_set = 'code_osteoporosis_self_assessment' and o.value_micro < 2000000))
)

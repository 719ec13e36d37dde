/* ---
title: "Tobacco use: screening and help to stop"
measure: {id: CMS138, basis: boolean, rates: 3}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2025 performance period: CMS138"
  url: https://ecqi.healthit.gov/ecqm/ec/2025/cms0138
  valid_from: 2025-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. The published specification is NCQA's, who ask for
  a licence for commercial use of it.
needs: [age_at_period_start, calendar, care_visit, observed, done_span, ordered_service, ordered_medicine,
        condition_span, hospice_in_period]
--- */
with
visit as (
  select v.patient_id, v.id, max(case when s.value_set in ('vsac_annual_wellness_visit', 'vsac_nutrition_services',
                                                          'vsac_preventive_care_established_office_visit_0_to_17',
                                                          'vsac_preventive_care_services_established_office_visit_18_and_up',
                                                          'vsac_preventive_care_services_group_counseling',
                                                          'vsac_preventive_care_services_individual_counseling',
                                                          'vsac_preventive_care_services_initial_office_visit_0_to_17',
                                                          'vsac_preventive_care_services_initial_office_visit_18_and_up',
                                                          'measure_cpt_prevention') then 1 else 0 end) as is_preventive
  from care_visit v
  join value_set_code s on s.code = v.code
    and s.value_set in ('vsac_home_healthcare_services', 'vsac_occupational_therapy_evaluation', 'vsac_office_visit',
                        'vsac_ophthalmological_services', 'vsac_physical_therapy_evaluation',
                        'vsac_psych_visit_diagnostic_evaluation', 'vsac_psych_visit_psychotherapy',
                        'vsac_psychoanalysis', 'vsac_speech_and_hearing_evaluation', 'vsac_telephone_visits',
                        'vsac_virtual_encounter', 'measure_cpt_behavior', 'vsac_annual_wellness_visit',
                        'vsac_nutrition_services', 'vsac_preventive_care_established_office_visit_0_to_17',
                        'vsac_preventive_care_services_established_office_visit_18_and_up',
                        'vsac_preventive_care_services_group_counseling',
                        'vsac_preventive_care_services_individual_counseling',
                        'vsac_preventive_care_services_initial_office_visit_0_to_17',
                        'vsac_preventive_care_services_initial_office_visit_18_and_up', 'measure_cpt_prevention')
  cross join period d
  where v.from_day >= d.from_day and v.to_day <= d.to_day
  group by v.patient_id, v.id
),
-- Aged 12 or more when the period begins, with two visits or one preventive visit in it. Three rates.
seen as (
  select p.patient_id
  from age_at_period_start p
  join visit v on v.patient_id = p.patient_id
  where p.at_start >= 12
  group by p.patient_id
  having count(*) >= 2 or max(v.is_preventive) = 1
),
rates as (
  select 1 as rate
  union all
  select 2 as rate
  union all
  select 3 as rate
),
initial_population as (
  select s.patient_id, r.rate from seen s cross join rates r
),
screened as (
  select o.patient_id, o.id, o.value_code,
         row_number() over (partition by o.patient_id
                            order by o.from_day desc nulls last, o.started_at desc nulls last, o.id desc) as place
  from observed o
  join value_set_code s on s.code = o.code and s.value_set = 'vsac_tobacco_use_screening'
  cross join period d
  where o.from_day >= d.from_day and o.to_day <= d.to_day
),
-- What the last screening of the period found.
found as (
  select o.patient_id, max(case when s.value_set = 'vsac_tobacco_user' then 1 else 0 end) as is_user
  from screened o
  join value_set_code s on s.code = o.value_code and s.value_set in ('vsac_tobacco_user', 'vsac_tobacco_non_user')
  where o.place = 1
  group by o.patient_id
),
denominator as (
  select i.patient_id, i.rate
  from initial_population i
  where i.rate in (1, 3)
     or exists (select 1 from found f where f.patient_id = i.patient_id and f.is_user = 1)
),
denominator_exclusion as (
  select i.patient_id, i.rate
  from initial_population i
  join hospice_in_period h on h.patient_id = i.patient_id
),
since as (
  select y.day
  from period d
  join calendar c on c.calendar_id = 1 and c.day = d.from_day
  join calendar y on y.calendar_id = 1 and y.month_index = c.month_index - 6 and y.day_of_month = 1
),
-- Counselling or medicine to stop, from six months before the period to its end.
helped as (
  select p.patient_id
  from done_span p
  join value_set_code s on s.code = p.code and s.value_set = 'vsac_tobacco_use_cessation_counseling'
  cross join period d
  cross join since y
  where p.from_day >= y.day and p.to_day <= d.to_day
  union all
  select r.patient_id
  from ordered_service r
  join value_set_code s on s.code = r.code and s.value_set = 'vsac_tobacco_use_cessation_counseling'
  cross join period d
  cross join since y
  where r.authored_from_day between y.day and d.to_day
  union all
  select c.patient_id
  from condition_span c
  join value_set_code s on s.code = c.code and s.value_set = 'code_tobacco_counseling'
  cross join period d
  cross join since y
  where c.from_day between y.day and d.to_day
  union all
  select m.patient_id
  from ordered_medicine m
  join value_set_code s on s.code = m.code and s.value_set = 'vsac_tobacco_use_cessation_pharmacotherapy'
  cross join period d
  cross join since y
  where m.authored_from_day between y.day and d.to_day
     or (m.status = 'active' and m.from_day <= d.to_day and m.to_day >= y.day)
),
numerator as (
  select f.patient_id, 1 as rate from found f
  union all
  select h.patient_id, 2 as rate from helped h
  union all
  select f.patient_id, 3 as rate from found f where f.is_user = 0
  union all
  select f.patient_id, 3 as rate
  from found f
  join helped h on h.patient_id = f.patient_id
)

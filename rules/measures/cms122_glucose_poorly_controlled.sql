/* ---
title: Diabetes with blood sugar out of control, or not measured
measure: {id: CMS122, basis: boolean}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2025 and 2026 performance periods: CMS122"
  url: https://ecqi.healthit.gov/ecqm/ec/2026/cms0122v14
  valid_from: 2025-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. The published specification is NCQA's, who ask
  for a licence for commercial use of it. A lower share is better.
needs: [any_person, care_visit, condition_span, observed, hospice_in_period, palliative_in_period, frail_in_period]
--- */
with
-- Ages 18 to 75 at the end of the period, with diabetes at any time in it, and seen at least once.
initial_population as (
  select p.patient_id, p.age_low as age
  from any_person p
  cross join period d
  where p.age_low between 18 and 75
    and exists (
      select 1
      from care_visit v
      join value_set_code s on s.code = v.code
        and s.value_set in ('vsac_annual_wellness_visit', 'vsac_home_healthcare_services', 'vsac_office_visit',
                            'vsac_nutrition_services', 'vsac_telephone_visits',
                            'vsac_preventive_care_services_established_office_visit_18_and_up',
                            'vsac_preventive_care_services_initial_office_visit_18_and_up')
      where v.patient_id = p.patient_id and v.from_day >= d.from_day and v.to_day <= d.to_day)
    and exists (
      select 1
      from condition_span c
      join value_set_code s on s.code = c.code and s.value_set = 'vsac_diabetes'
      where c.patient_id = p.patient_id and c.from_day <= d.to_day and c.to_day >= d.from_day)
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
  where i.age >= 66 and f.from_age = 66
),
-- The latest day on which blood sugar control was measured in the period; the lowest value of that day counts.
measured as (
  select o.patient_id, o.id, o.value_micro, o.value_unit,
         case when o.value_micro is null and o.value_code is null and o.value_words is null then 1 else 0 end as is_empty,
         row_number() over (partition by o.patient_id
                            order by o.to_day desc nulls last, o.value_micro nulls last, o.id) as place
  from observed o
  join value_set_code s on s.code = o.code
    and s.value_set in ('vsac_hba1c_laboratory_test', 'code_glucose_management_indicator')
  cross join period d
  where o.to_day between d.from_day and d.to_day
),
numerator as (
  select i.patient_id
  from denominator i
  left join measured m on m.patient_id = i.patient_id and m.place = 1
  where m.patient_id is null or m.is_empty = 1 or (m.value_micro > 9000000 and m.value_unit = '%')
)

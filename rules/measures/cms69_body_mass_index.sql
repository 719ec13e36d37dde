/* ---
title: "Body mass index measured, and a plan when it is high or low"
measure: {id: CMS69, basis: boolean}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2025 performance period: CMS69"
  url: https://ecqi.healthit.gov/ecqm/ec/2025/cms0069
  valid_from: 2025-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. Nobody but the owners of the code sets claims rights
  to the published specification.
needs: [patient, calendar, care_visit, condition_span, observed, not_observed, done_span, procedure, ordered_service,
        ordered_medicine, refused_order, hospice_in_period, palliative_in_period]
--- */
with
-- Visits in person of people of 18 or more on that day.
visit as (
  select v.patient_id, v.id, v.from_day, v.to_day
  from care_visit v
  join value_set_code s on s.code = v.code and s.value_set = 'vsac_encounter_to_evaluate_bmi'
  join patient p on p.patient_id = v.patient_id
  join calendar f on f.calendar_id = 1 and f.day = v.from_day
  join calendar b on b.calendar_id = 1 and b.day = p.birth_to_day
  cross join period d
  where v.status = 'finished' and v.from_day >= d.from_day and v.to_day <= d.to_day
    and (v.class_code is null or v.class_code <> 'VR')
    and f.year - b.year - case when f.month < b.month or (f.month = b.month and f.day_of_month < b.day_of_month)
                               then 1 else 0 end >= 18
),
initial_population as (
  select v.patient_id from visit v
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
    and s.value_set in ('vsac_pregnancy_or_other_related_diagnoses', 'code_palliative_visit')
  cross join period d
  where c.from_day <= d.to_day and c.to_day >= d.from_day
),
measured as (
  select o.patient_id,
         case when o.value_micro >= 25000000 then 'high' when o.value_micro < 18500000 then 'low' else 'normal' end as level
  from observed o
  join value_set_code s on s.code = o.code and s.value_set = 'code_body_mass_index'
  cross join period d
  where o.from_day >= d.from_day and o.to_day <= d.to_day
    and o.value_micro > 0 and o.value_unit = 'kg/m2'
),
-- What was done or ordered in the period against too much or too little weight.
action as (
  select p.patient_id, p.id, p.to_day as day, p.reason, s.value_set
  from done_span p
  join value_set_code s on s.code = p.code
    and s.value_set in ('vsac_follow_up_for_above_normal_bmi', 'vsac_follow_up_for_below_normal_bmi')
  cross join period d
  where p.from_day >= d.from_day and p.to_day <= d.to_day
  union all
  select r.patient_id, r.id, r.authored_from_day as day, r.reason, s.value_set
  from ordered_service r
  join value_set_code s on s.code = r.code
    and s.value_set in ('vsac_follow_up_for_above_normal_bmi', 'vsac_follow_up_for_below_normal_bmi',
                        'vsac_referrals_where_weight_assessment_may_occur')
  cross join period d
  where r.authored_from_day between d.from_day and d.to_day
  union all
  select m.patient_id, m.id, m.authored_from_day as day, m.reason, s.value_set
  from ordered_medicine m
  join value_set_code s on s.code = m.code
    and s.value_set in ('vsac_medications_for_above_normal_bmi', 'vsac_medications_for_below_normal_bmi')
  cross join period d
  where m.authored_from_day between d.from_day and d.to_day
),
aimed as (
  select x.patient_id, x.id, x.day, x.reason,
         case when x.value_set in ('vsac_follow_up_for_below_normal_bmi', 'vsac_medications_for_below_normal_bmi')
              then 0 else 1 end as is_for_high,
         case when x.value_set in ('vsac_follow_up_for_above_normal_bmi', 'vsac_medications_for_above_normal_bmi')
              then 0 else 1 end as is_for_low
  from action x
),
-- The action says why, or the person has the problem on that day.
followed as (
  select x.patient_id, x.is_for_high, x.is_for_low, s.value_set
  from aimed x
  join value_set_code s on s.code = x.reason and s.value_set in ('vsac_overweight_or_obese', 'vsac_underweight')
  union all
  select x.patient_id, x.is_for_high, x.is_for_low, s.value_set
  from aimed x
  join condition_span c on c.patient_id = x.patient_id and c.from_day <= x.day and c.to_day >= x.day
  join value_set_code s on s.code = c.code and s.value_set in ('vsac_overweight_or_obese', 'vsac_underweight')
),
-- Normal only when no measurement of the period was not; a high or low one asks for a plan even beside a normal one.
numerator as (
  select m.patient_id
  from measured m
  group by m.patient_id
  having max(case when m.level = 'normal' then 0 else 1 end) = 0
  union all
  select m.patient_id
  from measured m
  join followed f on f.patient_id = m.patient_id
  where (m.level = 'high' and f.is_for_high = 1 and f.value_set = 'vsac_overweight_or_obese')
     or (m.level = 'low' and f.is_for_low = 1 and f.value_set = 'vsac_underweight')
),
-- A medical reason for no plan, or a medical or the person's own reason for no measurement, told on a day of a visit.
denominator_exception as (
  select v.patient_id
  from visit v
  join refused_order r on r.patient_id = v.patient_id
    and r.authored_from_day >= v.from_day and r.authored_to_day <= v.to_day
  join value_set_code s on s.code = r.code
    and s.value_set in ('vsac_follow_up_for_above_normal_bmi', 'vsac_follow_up_for_below_normal_bmi',
                        'vsac_referrals_where_weight_assessment_may_occur',
                        'vsac_medications_for_above_normal_bmi', 'vsac_medications_for_below_normal_bmi')
  join value_set_code w on w.value_set = 'vsac_medical_reason'
    and (w.code = r.status_reason or (w.code = r.reason and r.fact_table = 'medication_request'))
  union all
  select v.patient_id
  from visit v
  join procedure p on p.patient_id = v.patient_id
  join value_set_code s on s.code = p.code
    and s.value_set in ('vsac_follow_up_for_above_normal_bmi', 'vsac_follow_up_for_below_normal_bmi')
  join value_set_code w on w.code = p.status_reason and w.value_set = 'vsac_medical_reason'
  where p.same_as = p.id and p.status = 'not-done'
    and p.recorded_from_day >= v.from_day and p.recorded_to_day <= v.to_day
  union all
  select v.patient_id
  from visit v
  join not_observed o on o.patient_id = v.patient_id and o.from_day >= v.from_day and o.to_day <= v.to_day
  join value_set_code s on s.code = o.code and s.value_set = 'code_body_mass_index'
  join value_set_code w on w.code = o.not_done_reason and w.value_set in ('vsac_medical_reason', 'vsac_patient_declined')
)

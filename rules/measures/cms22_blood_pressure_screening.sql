/* ---
title: "Screening for high blood pressure, and a plan when it is found"
measure: {id: CMS22, basis: Encounter}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2026 performance period: CMS22"
  url: https://ecqi.healthit.gov/ecqm/ec/2026/cms0022
  valid_from: 2026-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. CMS owns the published specification.
needs: [age_at_period_start, calendar, care_visit, condition_span, observed, not_observed, ordered_service, ordered_medicine,
        refused_order]
--- */
with
-- Visits in person of people of 18 or more when the period begins.
initial_population as (
  select v.patient_id, v.id as encounter_id, v.from_day, v.to_day, v.start_at, v.end_at
  from care_visit v
  join age_at_period_start p on p.patient_id = v.patient_id
  join value_set_code s on s.code = v.code and s.value_set = 'vsac_encounter_to_screen_for_blood_pressure'
  cross join period d
  where p.at_start >= 18 and v.status = 'finished' and v.from_day >= d.from_day and v.to_day <= d.to_day
    and (v.class_code is null or v.class_code <> 'VR')
),
denominator as (
  select i.patient_id, i.encounter_id from initial_population i
),
-- High blood pressure was known before the day of the visit.
denominator_exclusion as (
  select i.patient_id, i.encounter_id
  from initial_population i
  join condition_span c on c.patient_id = i.patient_id
  join value_set_code s on s.code = c.code and s.value_set = 'vsac_diagnosis_of_hypertension'
  where c.from_day < i.from_day and c.to_day >= i.from_day
),
reading as (
  select i.patient_id, i.encounter_id, o.id, o.value_micro, s.value_set,
         row_number() over (partition by i.patient_id, i.encounter_id, s.value_set
                            order by o.to_day desc nulls last, o.taken_at desc nulls last, o.id desc) as place
  from initial_population i
  join observed o on o.patient_id = i.patient_id and o.from_day >= i.from_day and o.to_day <= i.to_day
  join value_set_code s on s.code = o.code and s.value_set in ('code_systolic', 'code_diastolic')
  where o.value_unit = 'mm[Hg]' and o.value_micro > 0
    and (o.started_at is null or i.start_at is null or o.started_at >= i.start_at)
    and (o.taken_at is null or i.end_at is null or o.taken_at <= i.end_at)
),
-- The last pressure of each visit.
pressure as (
  select r.patient_id, r.encounter_id,
         max(case when r.value_set = 'code_systolic' then r.value_micro end) as systolic,
         max(case when r.value_set = 'code_diastolic' then r.value_micro end) as diastolic
  from reading r
  where r.place = 1
  group by r.patient_id, r.encounter_id
),
-- The last pressure of the year before a visit, as one before it makes a high one the second.
earlier as (
  select i.patient_id, i.encounter_id, o.value_micro, s.value_set,
         row_number() over (partition by i.patient_id, i.encounter_id, s.value_set
                            order by o.to_day desc nulls last, o.taken_at desc nulls last, o.id desc) as place
  from initial_population i
  join calendar c on c.calendar_id = 1 and c.day = i.from_day
  join calendar y on y.calendar_id = 1 and y.month_index = c.month_index - 12
    and y.day_of_month = case when c.month = 2 and c.day_of_month = 29 then 28 else c.day_of_month end
  join observed o on o.patient_id = i.patient_id and o.to_day between y.day and i.from_day
  join value_set_code s on s.code = o.code and s.value_set in ('code_systolic', 'code_diastolic')
  where o.value_unit = 'mm[Hg]' and o.value_micro > 0
    and (o.to_day < i.from_day or o.taken_at < i.start_at)
),
high_before as (
  select e.patient_id, e.encounter_id
  from earlier e
  where e.place = 1
    and ((e.value_set = 'code_systolic' and e.value_micro >= 130000000)
      or (e.value_set = 'code_diastolic' and e.value_micro >= 80000000))
),
level as (
  select p.patient_id, p.encounter_id,
         case when p.systolic < 120000000 and p.diastolic < 80000000 then 'normal'
              when p.systolic < 130000000 and p.diastolic < 80000000 then 'elevated'
              when not exists (select 1 from high_before h
                               where h.patient_id = p.patient_id and h.encounter_id = p.encounter_id) then 'first'
              when p.systolic < 140000000 and p.diastolic < 90000000 then 'second'
              else 'severe' end as found
  from pressure p
  where p.systolic is not null and p.diastolic is not null
),
-- What was ordered on a day of the visit.
ordered as (
  select i.patient_id, i.encounter_id, s.value_set, r.reason
  from initial_population i
  join ordered_service r on r.patient_id = i.patient_id
    and r.authored_from_day >= i.from_day and r.authored_to_day <= i.to_day
  join value_set_code s on s.code = r.code
    and s.value_set in ('vsac_weight_reduction_recommended', 'vsac_dietary_recommendations',
                        'vsac_recommendation_to_increase_physical_activity', 'vsac_lifestyle_recommendation',
                        'vsac_referral_or_counseling_for_alcohol_consumption', 'vsac_follow_up_within_4_weeks',
                        'vsac_follow_up_within_6_months', 'vsac_laboratory_tests_for_hypertension',
                        'code_electrocardiogram', 'vsac_referral_to_primary_care_or_alternate_provider')
  union all
  select i.patient_id, i.encounter_id, s.value_set, m.reason
  from initial_population i
  join ordered_medicine m on m.patient_id = i.patient_id
    and m.authored_from_day >= i.from_day and m.authored_to_day <= i.to_day
  join value_set_code s on s.code = m.code and s.value_set = 'vsac_pharmacologic_therapy_for_hypertension'
),
plan as (
  select o.patient_id, o.encounter_id,
         max(case when o.value_set in ('vsac_weight_reduction_recommended', 'vsac_dietary_recommendations',
                                       'vsac_recommendation_to_increase_physical_activity',
                                       'vsac_lifestyle_recommendation',
                                       'vsac_referral_or_counseling_for_alcohol_consumption') then 1 else 0 end) as care,
         max(case when o.value_set = 'vsac_follow_up_within_4_weeks' then 1 else 0 end) as weeks,
         max(case when o.value_set = 'vsac_follow_up_within_6_months' then 1 else 0 end) as months,
         max(case when o.value_set in ('vsac_laboratory_tests_for_hypertension', 'code_electrocardiogram')
                  then 1 else 0 end) as test,
         max(case when o.value_set = 'vsac_pharmacologic_therapy_for_hypertension' then 1 else 0 end) as medicine
  from ordered o
  group by o.patient_id, o.encounter_id
),
referred as (
  select o.patient_id, o.encounter_id
  from ordered o
  join value_set_code w on w.code = o.reason
    and w.value_set = 'vsac_finding_of_elevated_blood_pressure_or_hypertension'
  where o.value_set = 'vsac_referral_to_primary_care_or_alternate_provider'
),
numerator as (
  select l.patient_id, l.encounter_id from level l where l.found = 'normal'
  union all
  select l.patient_id, l.encounter_id
  from level l
  join referred r on r.patient_id = l.patient_id and r.encounter_id = l.encounter_id
  union all
  select l.patient_id, l.encounter_id
  from level l
  join plan p on p.patient_id = l.patient_id and p.encounter_id = l.encounter_id
  where p.care = 1
    and ((l.found = 'elevated' and p.months = 1)
      or (l.found = 'first' and p.weeks = 1)
      or (l.found = 'second' and p.months = 1 and p.test = 1)
      or (l.found = 'severe' and p.weeks = 1 and p.test = 1 and p.medicine = 1))
),
denominator_exception as (
  select i.patient_id, i.encounter_id
  from initial_population i
  join not_observed o on o.patient_id = i.patient_id and o.from_day >= i.from_day and o.to_day <= i.to_day
  join value_set_code s on s.code = o.code
    and s.value_set in ('code_systolic', 'code_diastolic', 'code_blood_pressure')
  join value_set_code w on w.code = o.not_done_reason
    and w.value_set in ('vsac_medical_reason', 'vsac_patient_declined')
  union all
  -- The person declined what such a pressure asks for.
  select l.patient_id, l.encounter_id
  from level l
  join initial_population i on i.patient_id = l.patient_id and i.encounter_id = l.encounter_id
  join refused_order r on r.patient_id = i.patient_id
    and r.authored_from_day >= i.from_day and r.authored_to_day <= i.to_day
  join value_set_code s on s.code = r.code
    and s.value_set in ('vsac_weight_reduction_recommended', 'vsac_dietary_recommendations',
                        'vsac_recommendation_to_increase_physical_activity', 'vsac_lifestyle_recommendation',
                        'vsac_referral_or_counseling_for_alcohol_consumption', 'vsac_follow_up_within_4_weeks',
                        'vsac_follow_up_within_6_months', 'vsac_laboratory_tests_for_hypertension',
                        'code_electrocardiogram', 'vsac_referral_to_primary_care_or_alternate_provider',
                        'vsac_pharmacologic_therapy_for_hypertension')
  join value_set_code w on w.value_set = 'vsac_patient_declined'
    and (w.code = r.status_reason or (w.code = r.reason and r.fact_table = 'medication_request'))
  where l.found <> 'normal'
    and (s.value_set not in ('vsac_laboratory_tests_for_hypertension', 'code_electrocardiogram')
      or l.found in ('second', 'severe'))
    and (s.value_set <> 'vsac_pharmacologic_therapy_for_hypertension' or l.found = 'severe')
)

/* ---
title: "Current medicines documented at each visit"
measure: {id: CMS68, basis: Encounter}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2026 performance period: CMS68"
  url: https://ecqi.healthit.gov/ecqm/ec/2026/cms0068
  valid_from: 2026-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. Nobody but the owners of the code sets claims rights
  to the published specification.
needs: [age_at_period_start, care_visit, done_span, procedure, task]
--- */
with
initial_population as (
  select v.patient_id, v.id as encounter_id, v.from_day, v.to_day, v.start_at, v.end_at
  from care_visit v
  join age_at_period_start p on p.patient_id = v.patient_id
  join value_set_code s on s.code = v.code and s.value_set = 'vsac_encounter_to_document_medications'
  cross join period d
  where p.at_start >= 18 and v.status = 'finished' and v.from_day >= d.from_day and v.to_day <= d.to_day
),
denominator as (
  select i.patient_id, i.encounter_id from initial_population i
),
-- Within the visit: to the second where both say it, else to the day.
numerator as (
  select i.patient_id, i.encounter_id
  from initial_population i
  join done_span p on p.patient_id = i.patient_id
  join value_set_code s on s.code = p.code and s.value_set = 'code_medicines_documented'
  where p.from_day >= i.from_day and p.to_day <= i.to_day
    and (p.started_at is null or i.start_at is null or p.started_at >= i.start_at)
    and (p.done_at is null or i.end_at is null or p.done_at <= i.end_at)
),
-- Not done for an acute health crisis, so written down during the visit.
denominator_exception as (
  select i.patient_id, i.encounter_id
  from initial_population i
  join procedure p on p.patient_id = i.patient_id
  join value_set_code s on s.code = p.code and s.value_set = 'code_medicines_documented'
  join value_set_code w on w.code = p.status_reason and w.value_set = 'code_health_crisis'
  where p.same_as = p.id and p.status = 'not-done'
    and p.recorded_from_day >= i.from_day and p.recorded_to_day <= i.to_day
    and (p.recorded_at is null or i.start_at is null or p.recorded_at >= i.start_at)
    and (p.recorded_at is null or i.end_at is null or p.recorded_at <= i.end_at)
  union all
  select i.patient_id, i.encounter_id
  from initial_population i
  join task t on t.patient_id = i.patient_id
  join value_set_code s on s.code = t.code and s.value_set = 'code_medicines_documented'
  join value_set_code w on w.code = t.status_reason and w.value_set = 'code_health_crisis'
  where t.same_as = t.id and t.status = 'rejected'
    and t.start_from_day >= i.from_day and t.start_to_day <= i.to_day
    and (t.start_at is null or i.start_at is null or t.start_at >= i.start_at)
    and (t.start_at is null or i.end_at is null or t.start_at <= i.end_at)
)

/* ---
title: "Breast cancer screening"
measure: {id: CMS125, basis: boolean}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2026 performance period: CMS125"
  url: https://ecqi.healthit.gov/ecqm/ec/2026/cms0125
  valid_from: 2026-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. The published specification is NCQA's, who ask for
  a licence for commercial use of it.
needs: [any_person, calendar, observed, stated_woman, done_test, seen_in_period, hospice_in_period,
        palliative_in_period, frail_in_period, both_breasts_removed]
--- */
with
-- Women of 42 to 74 at the end of the period, seen at least once in it.
initial_population as (
  select p.patient_id, p.age_low as age
  from any_person p
  join stated_woman w on w.patient_id = p.patient_id
  cross join period d
  where p.age_low between 42 and 74
    and exists (select 1 from seen_in_period v where v.patient_id = p.patient_id)
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
  union all
  select b.patient_id from both_breasts_removed b
),
-- From the first of October, 27 months before the period ends.
since as (
  select y.day
  from period d
  join calendar c on c.calendar_id = 1 and c.day = d.from_day
  join calendar y on y.calendar_id = 1 and y.month_index = c.month_index - 15 and y.day_of_month = 1
),
numerator as (
  select o.patient_id
  from observed o
  join value_set_code s on s.code = o.code and s.value_set = 'vsac_mammography'
  cross join period d
  cross join since y
  where o.to_day between y.day and d.to_day
  union all
  select t.patient_id
  from done_test t
  join value_set_code s on s.code = t.code and s.value_set = 'vsac_mammography'
  cross join period d
  cross join since y
  where t.to_day between y.day and d.to_day
)

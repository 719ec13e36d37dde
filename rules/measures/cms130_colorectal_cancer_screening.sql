/* ---
title: "Colorectal cancer screening"
measure: {id: CMS130, basis: boolean}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2026 performance period: CMS130"
  url: https://ecqi.healthit.gov/ecqm/ec/2026/cms0130
  valid_from: 2026-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. The published specification is NCQA's, who ask for
  a licence for commercial use of it.
needs: [any_person, calendar, observed, colon_cancer_or_removed, done_span, seen_in_period, hospice_in_period,
        palliative_in_period, frail_in_period]
--- */
with
-- Ages 46 to 75 at the end of the period, seen at least once in it.
initial_population as (
  select p.patient_id, p.age_low as age
  from any_person p
  cross join period d
  where p.age_low between 46 and 75
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
  select x.patient_id from colon_cancer_or_removed x
),
-- Years before the period in which each test still counts, beside the period itself.
since as (
  select y.day, (c.year - y.year) as years
  from period d
  join calendar c on c.calendar_id = 1 and c.day = d.from_day
  join calendar y on y.calendar_id = 1 and y.day_of_month = 1
    and y.month_index in (c.month_index, c.month_index - 24, c.month_index - 48, c.month_index - 108)
),
screened as (
  select o.patient_id, o.to_day as day, s.value_set
  from observed o
  join value_set_code s on s.code = o.code
    and s.value_set in ('vsac_fecal_occult_blood_test_fobt', 'vsac_sdna_fit_test', 'vsac_ct_colonography',
                        'vsac_flexible_sigmoidoscopy', 'vsac_colonoscopy')
  where s.value_set in ('vsac_ct_colonography', 'vsac_flexible_sigmoidoscopy', 'vsac_colonoscopy')
     or o.value_micro is not null or o.value_code is not null or o.value_words is not null
  union all
  select p.patient_id, p.to_day as day, s.value_set
  from done_span p
  join value_set_code s on s.code = p.code
    and s.value_set in ('vsac_flexible_sigmoidoscopy', 'vsac_colonoscopy', 'vsac_ct_colonography')
),
numerator as (
  select t.patient_id
  from screened t
  cross join period d
  join since y on t.day between y.day and d.to_day
  where (t.value_set = 'vsac_fecal_occult_blood_test_fobt' and y.years = 0)
     or (t.value_set = 'vsac_sdna_fit_test' and y.years = 2)
     or (t.value_set in ('vsac_flexible_sigmoidoscopy', 'vsac_ct_colonography') and y.years = 4)
     or (t.value_set = 'vsac_colonoscopy' and y.years = 9)
)

/* ---
title: "Cervical cancer screening"
measure: {id: CMS124, basis: boolean}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2026 performance period: CMS124"
  url: https://ecqi.healthit.gov/ecqm/ec/2026/cms0124
  valid_from: 2026-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. The published specification is NCQA's, who ask for
  a licence for commercial use of it.
needs: [any_person, calendar, care_visit, observed, stated_woman, cervix_absent, hospice_in_period,
        palliative_in_period]
--- */
with
-- Women of 24 to 64 at the end of the period, seen at least once in it.
initial_population as (
  select p.patient_id, p.birth_from_day
  from any_person p
  join stated_woman w on w.patient_id = p.patient_id
  cross join period d
  where p.age_low between 24 and 64
    and exists (
      select 1
      from care_visit v
      join value_set_code s on s.code = v.code
        and s.value_set in ('vsac_office_visit',
                            'vsac_preventive_care_services_established_office_visit_18_and_up',
                            'vsac_preventive_care_services_initial_office_visit_18_and_up',
                            'vsac_home_healthcare_services', 'vsac_telephone_visits', 'vsac_virtual_encounter')
      where v.patient_id = p.patient_id and v.from_day >= d.from_day and v.to_day <= d.to_day)
),
denominator as (
  select i.patient_id, i.birth_from_day from initial_population i
),
denominator_exclusion as (
  select h.patient_id from hospice_in_period h
  union all
  select h.patient_id from palliative_in_period h
  union all
  select x.patient_id from cervix_absent x
),
since as (
  select y.day, (c.year - y.year) as years
  from period d
  join calendar c on c.calendar_id = 1 and c.day = d.from_day
  join calendar y on y.calendar_id = 1 and y.day_of_month = 1
    and y.month_index in (c.month_index - 24, c.month_index - 48)
),
numerator as (
  select o.patient_id
  from observed o
  join value_set_code s on s.code = o.code and s.value_set in ('vsac_pap_test', 'vsac_hpv_test')
  join denominator i on i.patient_id = o.patient_id
  join calendar b on b.calendar_id = 1 and b.day = i.birth_from_day
  join calendar t on t.calendar_id = 1 and t.day = o.from_day
  cross join period d
  join since y on o.to_day between y.day and d.to_day
  where (o.value_micro is not null or o.value_code is not null or o.value_words is not null)
    and ((s.value_set = 'vsac_pap_test' and y.years = 2)
      or (s.value_set = 'vsac_hpv_test' and y.years = 4
        and t.month_index - b.month_index - case when t.day_of_month < b.day_of_month then 1 else 0 end >= 360))
)

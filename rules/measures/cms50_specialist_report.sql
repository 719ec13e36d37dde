/* ---
title: "The report of a specialist comes back"
measure: {id: CMS50, basis: boolean}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2025 performance period: CMS50"
  url: https://ecqi.healthit.gov/ecqm/ec/2025/cms0050
  valid_from: 2025-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. Nobody but the owners of the code sets claims rights
  to the published specification.
needs: [care_visit, calendar, ordered_service, task]
--- */
with
-- Referred by the end of October and seen in the period.
autumn as (
  select y.day
  from period d
  join calendar c on c.calendar_id = 1 and c.day = d.from_day
  join calendar y on y.calendar_id = 1 and y.month_index = c.month_index + 10 and y.day_of_month = 1
),
referral as (
  select p.patient_id, p.id, p.authored_from_day, p.authored_at,
         row_number() over (partition by p.patient_id
                            order by p.authored_from_day nulls last, p.authored_at nulls last, p.id) as place
  from ordered_service p
  join value_set_code s on s.code = p.code and s.value_set = 'vsac_referral'
  cross join period d
  cross join autumn y
  where p.intent = 'order'
    and p.authored_from_day >= d.from_day and p.authored_to_day < y.day
    and exists (
      select 1
      from care_visit v
      join value_set_code s on s.code = v.code
        and s.value_set in ('vsac_office_visit', 'vsac_ophthalmological_services',
                            'vsac_preventive_care_established_office_visit_0_to_17',
                            'vsac_preventive_care_services_established_office_visit_18_and_up',
                            'vsac_preventive_care_services_initial_office_visit_0_to_17',
                            'vsac_preventive_care_services_initial_office_visit_18_and_up',
                            'vsac_psych_visit_diagnostic_evaluation', 'vsac_behavioral_neuropsych_assessment',
                            'measure_cpt')
      where v.patient_id = p.patient_id and v.from_day >= d.from_day and v.to_day <= d.to_day
        and v.status = 'finished')
),
initial_population as (
  select r.patient_id from referral r
),
denominator as (
  select i.patient_id from initial_population i
),
-- The report on the first referral came after it, within the period.
numerator as (
  select r.patient_id
  from referral r
  join task t on t.patient_id = r.patient_id and t.based_on_id = r.id
  join value_set_code s on s.code = t.code and s.value_set = 'vsac_consultant_report'
  cross join period d
  where r.place = 1
    and t.same_as = t.id and t.status = 'completed'
    and t.end_from_day >= d.from_day and t.end_to_day <= d.to_day
    and t.end_from_day >= r.authored_from_day
    and (t.end_at is null or r.authored_at is null or t.end_at > r.authored_at)
)

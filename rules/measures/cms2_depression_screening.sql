/* ---
title: "Screening for depression, and a plan when it is found"
measure: {id: CMS2, basis: boolean}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2026 performance period: CMS2"
  url: https://ecqi.healthit.gov/ecqm/ec/2026/cms0002
  valid_from: 2026-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. CMS owns the published specification.
needs: [age_at_period_start, care_visit, condition_span, observed, not_observed, done_span, ordered_service,
        ordered_medicine]
--- */
with
visit as (
  select v.patient_id, v.id, v.from_day, v.to_day, v.start_at, p.at_start
  from care_visit v
  join age_at_period_start p on p.patient_id = v.patient_id
  join value_set_code s on s.code = v.code
    and s.value_set in ('vsac_encounter_to_screen_for_depression', 'vsac_physical_therapy_evaluation',
                        'vsac_telephone_visits')
  cross join period d
  where v.status = 'finished' and v.from_day >= d.from_day and v.to_day <= d.to_day and p.at_start >= 12
),
initial_population as (
  select v.patient_id from visit v
),
denominator as (
  select i.patient_id from initial_population i
),
denominator_exclusion as (
  select v.patient_id
  from visit v
  join condition_span c on c.patient_id = v.patient_id
  join value_set_code s on s.code = c.code and s.value_set = 'vsac_bipolar_disorder'
  where c.from_day < v.from_day or (c.from_day = v.from_day and c.onset_at < v.start_at)
),
-- Tools for adults are for 17 and over, those for adolescents for 12 to 17; both serve at 17.
screened as (
  select v.patient_id, v.id as visit_id, o.id, v.from_day, v.to_day, o.value_code,
         case when s.value_set = 'code_adult_depression_screening' then 1 else 0 end as is_adult,
         row_number() over (partition by v.patient_id, s.value_set
                            order by o.to_day desc nulls last, o.taken_at desc nulls last, o.id desc) as place
  from visit v
  join observed o on o.patient_id = v.patient_id and o.to_day between v.from_day - 14 and v.from_day
  join value_set_code s on s.code = o.code
    and s.value_set in ('code_adult_depression_screening', 'code_adolescent_depression_screening')
  where (s.value_set = 'code_adult_depression_screening' and v.at_start >= 17)
     or (s.value_set = 'code_adolescent_depression_screening' and v.at_start <= 17)
),
latest as (
  select x.patient_id, x.is_adult, x.id, x.value_code from screened x where x.place = 1
),
-- A plan: something done, ordered or referred on a day of the visit or within two days after it, or a medicine for
-- depression that the person takes at the visit.
plan as (
  select v.patient_id, s.value_set
  from visit v
  join done_span p on p.patient_id = v.patient_id
  join value_set_code s on s.code = p.code
    and s.value_set in ('vsac_follow_up_for_adult_depression', 'vsac_follow_up_for_adolescent_depression')
  where p.from_day between v.from_day and v.to_day + 2
  union all
  select v.patient_id, s.value_set
  from visit v
  join ordered_service r on r.patient_id = v.patient_id
  join value_set_code s on s.code = r.code
    and s.value_set in ('vsac_follow_up_for_adult_depression', 'vsac_follow_up_for_adolescent_depression',
                        'vsac_referral_for_adult_depression', 'vsac_referral_for_adolescent_depression')
  where r.authored_from_day between v.from_day and v.to_day + 2
  union all
  select v.patient_id, s.value_set
  from visit v
  join ordered_medicine m on m.patient_id = v.patient_id
  join value_set_code s on s.code = m.code
    and s.value_set in ('vsac_adult_depression_medications', 'vsac_adolescent_depression_medications')
  where m.authored_from_day between v.from_day and v.to_day + 2
     or (m.status = 'active' and m.from_day <= v.to_day and m.to_day >= v.from_day)
),
planned as (
  select p.patient_id,
         case when p.value_set in ('vsac_follow_up_for_adult_depression', 'vsac_referral_for_adult_depression',
                                   'vsac_adult_depression_medications') then 1 else 0 end as is_adult
  from plan p
),
numerator as (
  select x.patient_id
  from latest x
  join value_set_code n on n.code = x.value_code and n.value_set = 'code_depression_negative'
  union all
  select x.patient_id
  from latest x
  join value_set_code n on n.code = x.value_code and n.value_set = 'code_depression_positive'
  join planned p on p.patient_id = x.patient_id and p.is_adult = x.is_adult
),
-- Nobody screened, for a medical reason or because the person declined, told on a day of the visit.
denominator_exception as (
  select v.patient_id
  from visit v
  join not_observed o on o.patient_id = v.patient_id and o.from_day >= v.from_day and o.to_day <= v.to_day
  join value_set_code s on s.code = o.code
    and s.value_set in ('code_adult_depression_screening', 'code_adolescent_depression_screening')
  join value_set_code w on w.code = o.not_done_reason
    and w.value_set in ('vsac_medical_reason', 'code_depression_screening_declined')
  where ((s.value_set = 'code_adult_depression_screening' and v.at_start >= 17)
      or (s.value_set = 'code_adolescent_depression_screening' and v.at_start <= 17))
    and not exists (
      select 1
      from screened x
      where x.patient_id = v.patient_id
        and x.is_adult = case when s.value_set = 'code_adult_depression_screening' then 1 else 0 end)
)

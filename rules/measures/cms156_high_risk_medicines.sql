/* ---
title: "Medicines of high risk in older adults"
measure: {id: CMS156, basis: boolean, rates: 3}
authority:
  name: Centers for Medicare & Medicaid Services, eCQI Resource Center
  edition: "Eligible clinician eCQMs, 2025 performance period: CMS156"
  url: https://ecqi.healthit.gov/ecqm/ec/2025/cms0156
  valid_from: 2025-01-01
author: Beforehand
clinical_review: {by: null, on: null}
notes: >
  Who counts where is from CMS's public descriptions, in words of ours. CMS owns the published specification.
needs: [any_person, calendar, care_visit, condition_span, ordered_medicine, medication_request, hospice_in_period,
        palliative_in_period]
--- */
with
-- Aged 65 or more at the end of the period, seen at least once in it. Three rates.
seen as (
  select p.patient_id
  from any_person p
  cross join period d
  where p.age_low >= 65
    and exists (
      select 1
      from care_visit v
      join value_set_code s on s.code = v.code
        and s.value_set in ('vsac_annual_wellness_visit', 'vsac_care_services_in_long_term_residential_facility',
                            'vsac_discharge_services_nursing_facility', 'vsac_home_healthcare_services',
                            'vsac_nursing_facility_visit', 'vsac_office_visit', 'vsac_ophthalmological_services',
                            'vsac_preventive_care_services_established_office_visit_18_and_up',
                            'vsac_preventive_care_services_initial_office_visit_18_and_up',
                            'vsac_telephone_visits', 'vsac_virtual_encounter', 'measure_cpt')
      where v.patient_id = p.patient_id and v.from_day >= d.from_day and v.to_day <= d.to_day)
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
denominator as (
  select i.patient_id, i.rate from initial_population i
),
left_out as (
  select h.patient_id from hospice_in_period h
  union all
  select h.patient_id from palliative_in_period h
),
denominator_exclusion as (
  select i.patient_id, i.rate
  from initial_population i
  join left_out x on x.patient_id = i.patient_id
),
-- Orders of the period, by class, and the days each is meant to last with every refill.
ordered as (
  select m.patient_id, m.id, s.value_set, m.authored_from_day as day, m.to_day - m.from_day + 1 as days,
         case when m.refills >= 1 then 1 else 0 end as is_repeated
  from ordered_medicine m
  join value_set_code s on s.code = m.code
    and s.value_set in ('vsac_potentially_harmful_antihistamines_for_older_adults',
                        'vsac_potentially_harmful_antiparkinsonian_agents_for_older_adults',
                        'vsac_potentially_harmful_gastrointestinal_antispasmodics_for_older_adults',
                        'vsac_potentially_harmful_antidepressants_for_older_adults',
                        'vsac_potentially_harmful_barbiturates_for_older_adults',
                        'vsac_potentially_harmful_estrogens_for_older_adults',
                        'vsac_potentially_harmful_sulfonylureas_for_older_adults',
                        'vsac_potentially_harmful_nonbenzodiazepine_hypnotics_for_older_adults',
                        'vsac_potentially_harmful_skeletal_muscle_relaxants_for_older_adults',
                        'vsac_potentially_harmful_pain_medications_for_older_adults', 'vsac_dipyridamole_medications',
                        'vsac_guanfacine_medications', 'vsac_nifedipine_medications', 'vsac_meprobamate_medications',
                        'vsac_desiccated_thyroid_medications', 'vsac_meperidine_medications',
                        'vsac_megestrol_medications', 'code_ergoloid',
                        'vsac_potentially_harmful_antiinfectives_for_older_adults',
                        'vsac_potentially_harmful_antipsychotics_for_older_adults',
                        'vsac_potentially_harmful_benzodiazepines_for_older_adults')
  cross join period d
  where m.authored_from_day between d.from_day and d.to_day
),
-- Twice on different days, or once with a refill.
twice as (
  select o.patient_id, o.value_set, min(o.day) as first_day, sum(o.days) as days
  from ordered o
  group by o.patient_id, o.value_set
  having min(o.day) < max(o.day) or max(o.is_repeated) = 1
),
-- Digoxin and doxepin count by the amount a day: millionths of a milligram a unit, times units, over days.
strong as (
  select m.patient_id, m.authored_from_day as day,
         case when s.value_set in ('code_digoxin_50', 'code_digoxin_62', 'code_digoxin_100', 'code_digoxin_125',
                                   'code_digoxin_250') then 1 else 0 end as is_digoxin,
         r.supply_micro, coalesce(m.days_supply, m.to_day - m.from_day + 1) as days,
         case when m.refills >= 1 then 1 else 0 end as is_repeated,
         case s.value_set
              when 'code_digoxin_50' then 50000
              when 'code_digoxin_62' then 62500
              when 'code_digoxin_100' then 100000
              when 'code_digoxin_125' then 125000
              when 'code_digoxin_250' then 250000
              when 'code_doxepin_3' then 3000000
              when 'code_doxepin_6' then 6000000
              when 'code_doxepin_10' then 10000000
              when 'code_doxepin_25' then 25000000
              when 'code_doxepin_50' then 50000000
              when 'code_doxepin_75' then 75000000
              when 'code_doxepin_100' then 100000000
              when 'code_doxepin_150' then 150000000
              end as strength
  from ordered_medicine m
  join medication_request r on r.patient_id = m.patient_id and r.id = m.id
  join value_set_code s on s.code = m.code
    and s.value_set in ('code_digoxin_50', 'code_digoxin_62', 'code_digoxin_100', 'code_digoxin_125',
                        'code_digoxin_250', 'code_doxepin_3', 'code_doxepin_6', 'code_doxepin_10', 'code_doxepin_25',
                        'code_doxepin_50', 'code_doxepin_75', 'code_doxepin_100', 'code_doxepin_150')
  cross join period d
  where m.authored_from_day between d.from_day and d.to_day
),
strong_twice as (
  select x.patient_id, x.is_digoxin
  from strong x
  where (x.is_digoxin = 1 and x.strength * x.supply_micro > 125000 * x.days * 1000000)
     or (x.is_digoxin = 0 and x.strength * x.supply_micro > 6000000 * x.days * 1000000)
  group by x.patient_id, x.is_digoxin
  having min(x.day) < max(x.day) or max(x.is_repeated) = 1
),
year_before as (
  select y.day
  from period d
  join calendar c on c.calendar_id = 1 and c.day = d.from_day
  join calendar y on y.calendar_id = 1 and y.month_index = c.month_index - 12 and y.day_of_month = 1
),
-- What makes such a medicine right: a diagnosis from the year before the period to its first order.
warranted as (
  select t.patient_id, t.value_set
  from twice t
  join condition_span c on c.patient_id = t.patient_id
  join value_set_code s on s.code = c.code
    and s.value_set in ('vsac_schizophrenia', 'vsac_bipolar_disorder', 'vsac_seizure_disorder',
                        'vsac_rem_sleep_behavior_disorder', 'vsac_benzodiazepine_withdrawal',
                        'vsac_alcohol_withdrawal', 'vsac_generalized_anxiety_disorder')
  cross join year_before y
  where c.from_day <= t.first_day and c.to_day >= y.day
    and ((t.value_set = 'vsac_potentially_harmful_antipsychotics_for_older_adults' and s.value_set in ('vsac_schizophrenia', 'vsac_bipolar_disorder'))
      or (t.value_set = 'vsac_potentially_harmful_benzodiazepines_for_older_adults' and s.value_set not in ('vsac_schizophrenia', 'vsac_bipolar_disorder')))
),
first_rate as (
  select t.patient_id
  from twice t
  where t.value_set not in ('vsac_potentially_harmful_antiinfectives_for_older_adults',
                            'vsac_potentially_harmful_antipsychotics_for_older_adults',
                            'vsac_potentially_harmful_benzodiazepines_for_older_adults')
     or (t.value_set = 'vsac_potentially_harmful_antiinfectives_for_older_adults' and t.days > 90)
  union all
  select x.patient_id from strong_twice x
),
second_rate as (
  select t.patient_id
  from twice t
  where t.value_set in ('vsac_potentially_harmful_antipsychotics_for_older_adults',
                        'vsac_potentially_harmful_benzodiazepines_for_older_adults')
    and not exists (select 1 from warranted w where w.patient_id = t.patient_id and w.value_set = t.value_set)
),
numerator as (
  select f.patient_id, 1 as rate from first_rate f
  union all
  select s.patient_id, 2 as rate from second_rate s
  union all
  select f.patient_id, 3 as rate from first_rate f
  union all
  select s.patient_id, 3 as rate from second_rate s
)

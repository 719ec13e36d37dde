-- Facts that leave screening and general goals of treatment to the clinician on as_of, as the quality measures do (see
-- frail_in_period). from_age 66: a life in a nursing home, or frailty within the year together with an advanced illness;
-- from_age 81: frailty alone. Only people of that age are shown. Our own lists count beside the published ones.
with frail as (
  select f.patient_id, f.fact_table, f.fact_id
  from frailty_span f
  cross join as_of a
  where f.from_day <= a.day and f.to_day > a.day - 365
    and (f.fact_table <> 'condition'
      or exists (select 1 from active_condition c where c.patient_id = f.patient_id and c.id = f.fact_id))
  union
  select c.patient_id, 'condition' as fact_table, c.id as fact_id
  from active_condition c
  join value_set_code v on v.code = c.code and v.value_set = 'frailty'
),
ill as (
  select s.patient_id, s.fact_table, s.fact_id
  from advanced_illness_sign s
  cross join as_of a
  where s.from_day <= a.day and s.to_day > a.day - 730
    and (s.fact_table <> 'condition'
      or exists (select 1 from active_condition c where c.patient_id = s.patient_id and c.id = s.fact_id))
  union
  select c.patient_id, 'condition' as fact_table, c.id as fact_id
  from active_condition c
  join value_set_code v on v.code = c.code
    and v.value_set in ('dementia_any', 'charlson_cancer_spread', 'heart_failure', 'kidney_failure', 'parkinson')
),
told as (
  select n.patient_id, 66 as from_age, n.fact_table, n.fact_id
  from nursing_home_resident n
  union
  select f.patient_id, 66 as from_age, f.fact_table, f.fact_id
  from frail f
  where exists (select 1 from ill i where i.patient_id = f.patient_id)
  union
  select i.patient_id, 66 as from_age, i.fact_table, i.fact_id
  from ill i
  where exists (select 1 from frail f where f.patient_id = i.patient_id)
  union
  select f.patient_id, 81 as from_age, f.fact_table, f.fact_id
  from frail f
)
select t.patient_id, t.from_age, t.fact_table, t.fact_id
from told t
join person p on p.patient_id = t.patient_id and p.age_low >= t.from_age

-- Days on which the kidneys have failed: end-stage disease, a new kidney, or from a transplant or dialysis on (to_day
-- 999999). Needs the value sets that rules/measures/value_sets.csv names.
select c.patient_id, c.from_day, c.to_day, 'condition' as fact_table, c.id as fact_id
from condition_span c
join value_set_code s on s.code = c.code
  and s.value_set in ('vsac_end_stage_renal_disease', 'vsac_kidney_transplant_recipient')
union all
select p.patient_id, p.to_day as from_day, 999999 as to_day, 'procedure' as fact_table, p.id as fact_id
from done_span p
join value_set_code s on s.code = p.code and s.value_set in ('vsac_kidney_transplant', 'vsac_dialysis_services')
union all
select v.patient_id, v.from_day, 999999 as to_day, 'encounter' as fact_table, v.id as fact_id
from care_visit v
join value_set_code s on s.code = v.code and s.value_set = 'vsac_esrd_monthly_outpatient_services'

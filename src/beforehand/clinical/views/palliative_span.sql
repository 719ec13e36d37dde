-- Days on which facts say that the person has palliative care: a questionnaire of it, a diagnosis, a visit, a service.
-- until_day is 999999 also where a beginning and no end was told.
-- Needs the value sets that rules/measures/value_sets.csv names.
select o.patient_id, o.from_day, o.to_day, o.until_day, 'observation' as fact_table, o.id as fact_id
from observed o
join value_set_code s on s.code = o.code and s.value_set = 'code_palliative_questionnaire'
union all
select c.patient_id, c.from_day, c.to_day, c.to_day as until_day, 'condition' as fact_table, c.id as fact_id
from condition_span c
join value_set_code s on s.code = c.code and s.value_set = 'vsac_palliative_care_diagnosis'
union all
select v.patient_id, v.from_day, v.to_day, v.to_day as until_day, 'encounter' as fact_table, v.id as fact_id
from care_visit v
join value_set_code s on s.code = v.code and s.value_set = 'vsac_palliative_care_encounter'
union all
select p.patient_id, p.from_day, p.to_day, p.until_day, 'procedure' as fact_table, p.id as fact_id
from done_span p
join value_set_code s on s.code = p.code and s.value_set = 'vsac_palliative_care_intervention'

-- Signs of an advanced illness: the day such a diagnosis began, and the days a medicine for dementia is meant to be
-- taken. Needs the value sets that rules/measures/value_sets.csv names.
select c.patient_id, c.from_day, c.from_day as to_day, 'condition' as fact_table, c.id as fact_id
from condition_span c
join value_set_code s on s.code = c.code and s.value_set = 'vsac_advanced_illness'
union all
select m.patient_id, m.from_day, m.to_day, 'medication_request' as fact_table, m.id as fact_id
from ordered_medicine m
join value_set_code s on s.code = m.code and s.value_set = 'vsac_dementia_medications'
where m.status = 'active'
  and m.to_day is not null

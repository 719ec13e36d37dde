-- Days on which facts say that the person is frail: equipment ordered or used, a diagnosis, a visit, a symptom.
-- Needs the value sets that rules/measures/value_sets.csv names.
select d.patient_id, d.authored_from_day as from_day, d.authored_to_day as to_day, 'device_request' as fact_table,
       d.id as fact_id
from device_request d
join value_set_code s on s.code = d.code and s.value_set = 'vsac_frailty_device'
cross join as_of a
where d.same_as = d.id
  and d.status in ('active', 'completed')
  and d.intent in ('order', 'original-order', 'reflex-order', 'filler-order', 'instance-order')
  and (d.do_not_perform is null or d.do_not_perform = 0)
  and d.authored_from_day <= a.day
union all
select o.patient_id, o.to_day as from_day, o.to_day, 'observation' as fact_table, o.id as fact_id
from observed o
join value_set_code s on s.code = o.code and s.value_set = 'code_equipment_used'
join value_set_code d on d.code = o.value_code and d.value_set = 'vsac_frailty_device'
union all
select c.patient_id, c.from_day, c.to_day, 'condition' as fact_table, c.id as fact_id
from condition_span c
join value_set_code s on s.code = c.code and s.value_set = 'vsac_frailty_diagnosis'
union all
select v.patient_id, v.from_day, v.to_day, 'encounter' as fact_table, v.id as fact_id
from care_visit v
join value_set_code s on s.code = v.code and s.value_set = 'vsac_frailty_encounter'
union all
select o.patient_id, coalesce(o.started_from_day, o.taken_from_day) as from_day, o.taken_to_day as to_day,
       'observation' as fact_table, o.id as fact_id
from observation o
join value_set_code s on s.code = o.code and s.value_set = 'vsac_frailty_symptom'
cross join as_of a
where o.same_as = o.id
  and o.status in ('preliminary', 'final', 'amended', 'corrected')
  and coalesce(o.started_from_day, o.taken_from_day) <= a.day

-- Facts that say a person is in hospice or palliative care: a condition that stands on as_of, or a procedure or an
-- admission in the year before. Screening and routine checks stop then.
select c.patient_id, 'condition' as fact_table, c.id as fact_id
from active_condition c
join value_set_code v on v.code = c.code and v.value_set = 'hospice'
union all
select p.patient_id, 'procedure' as fact_table, p.id as fact_id
from done_procedure p
join value_set_code v on v.code = p.code and v.value_set = 'hospice'
cross join as_of a
where p.done_to_day > a.day - 365
union all
select e.patient_id, 'encounter' as fact_table, e.id as fact_id
from encounter e
join value_set_code v on v.code = e.code and v.value_set = 'hospice'
cross join as_of a
where e.same_as = e.id
  and e.status in ('arrived', 'triaged', 'in-progress', 'onleave', 'finished')
  and e.start_from_day <= a.day
  and (e.end_to_day is null or e.end_to_day > a.day - 365)

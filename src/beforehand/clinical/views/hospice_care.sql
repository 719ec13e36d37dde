-- Facts that say a person is in hospice or palliative care on as_of, as the quality measures tell it (hospice_span,
-- palliative_span) or by our own list: a condition that stands then, anything else of the year up to it. Screening and
-- routine checks stop then.
with said as (
  select h.patient_id, h.from_day, h.to_day, h.fact_table, h.fact_id
  from hospice_span h
  union all
  select p.patient_id, p.from_day, p.to_day, p.fact_table, p.fact_id
  from palliative_span p
)
select s.patient_id, s.fact_table, s.fact_id
from said s
cross join as_of a
where s.from_day <= a.day and s.to_day > a.day - 365
  and (s.fact_table <> 'condition'
    or exists (select 1 from active_condition c where c.patient_id = s.patient_id and c.id = s.fact_id))
union
select c.patient_id, 'condition' as fact_table, c.id as fact_id
from active_condition c
join value_set_code v on v.code = c.code and v.value_set = 'hospice'
union
select p.patient_id, 'procedure' as fact_table, p.id as fact_id
from done_procedure p
join value_set_code v on v.code = p.code and v.value_set = 'hospice'
cross join as_of a
where p.done_to_day > a.day - 365
union
select e.patient_id, 'encounter' as fact_table, e.id as fact_id
from care_visit e
join value_set_code v on v.code = e.code and v.value_set = 'hospice'
cross join as_of a
where e.to_day > a.day - 365

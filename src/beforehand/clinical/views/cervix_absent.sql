-- What says by as_of that the person has no cervix: removed with the womb, or never there. Reads our own list and the
-- value sets that rules/measures/value_sets.csv names.
select c.patient_id, c.from_day, 'condition' as fact_table, c.id as fact_id
from condition_span c
join value_set_code s on s.code = c.code
  and s.value_set in ('vsac_congenital_or_acquired_absence_of_cervix', 'no_cervix')
union all
select p.patient_id, p.to_day as from_day, 'procedure' as fact_table, p.id as fact_id
from done_span p
join value_set_code s on s.code = p.code
  and s.value_set in ('vsac_hysterectomy_with_no_residual_cervix', 'no_cervix')
cross join as_of a
where p.to_day <= a.day

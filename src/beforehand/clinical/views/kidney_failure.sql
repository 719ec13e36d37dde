-- Facts that say the kidneys have failed by as_of, as the quality measures tell it (kidney_failure_span) or by our own list:
-- end-stage disease, dialysis, a new kidney. Checks and goals are the kidney clinic's then.
select k.patient_id, k.fact_table, k.fact_id
from kidney_failure_span k
cross join as_of a
where k.from_day <= a.day and k.to_day >= a.day
  and (k.fact_table <> 'condition'
    or exists (select 1 from known_condition c where c.patient_id = k.patient_id and c.id = k.fact_id))
union
select c.patient_id, 'condition' as fact_table, c.id as fact_id
from known_condition c
join value_set_code v on v.code = c.code and v.value_set = 'kidney_failure'
union
select p.patient_id, 'procedure' as fact_table, p.id as fact_id
from done_procedure p
join value_set_code v on v.code = p.code and v.value_set = 'kidney_failure'

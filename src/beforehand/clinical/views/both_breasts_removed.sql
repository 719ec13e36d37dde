-- What says by as_of that both breasts were removed, at once or one after the other: a row for each fact that says so.
with sides as (
  select b.patient_id
  from breast_removed b
  group by b.patient_id
  having max(b.is_left) = 1 and max(b.is_right) = 1
)
select b.patient_id, b.from_day, b.fact_table, b.fact_id
from breast_removed b
join sides s on s.patient_id = b.patient_id

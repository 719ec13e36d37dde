-- Medicines the person has at home on as_of by a fill alone: completed fills whose days have not run out and that no order
-- on record explains (nobody here ordered the same ingredients in the year before the fill or since, whatever became of
-- that order) and nobody spoke of taking. The newest of each medicine. last_day is the last day the fill lasts. A fill that does not say for how many days is hidden.
select f.patient_id, f.id, f.code, f.filled_from_day, f.filled_from_day + f.days_supply - 1 as last_day, f.source_id
from completed_fill f
join medicine_name n on n.code = f.code
cross join as_of a
where f.filled_from_day + f.days_supply - 1 >= a.day
  and not exists (
      select 1
      from medication_request r
      join medicine_name m on m.code = r.code
      where r.patient_id = f.patient_id and m.subject = n.subject and r.status <> 'entered-in-error'
        and (r.authored_from_day is null or r.authored_from_day >= f.filled_from_day - 366))
  and not exists (
      select 1
      from medication_statement s
      join medicine_name m on m.code = s.code
      where s.patient_id = f.patient_id and m.subject = n.subject and s.status <> 'entered-in-error')
  and not exists (
      select 1
      from completed_fill later
      join medicine_name m on m.code = later.code
      where later.patient_id = f.patient_id and m.subject = n.subject and later.filled_from_day is not null
        and (later.filled_from_day > f.filled_from_day
             or (later.filled_from_day = f.filled_from_day and later.id > f.id)))

-- Fills that a pharmacy has begun by as_of and that have not left it, for living persons: made ready or being made
-- (is_held 0), or held back, declined or stopped (is_held 1). begun_day is the day it was made ready or stopped, as far as
-- the pharmacy says; a fill without any day is hidden. One that was followed by a fill of the same medicine, on that day or
-- later, is hidden too.
select d.patient_id, d.id, d.source_id, d.code, n.subject, n.name, d.request_id, d.pharmacy_id, d.days_supply,
       d.filled_from_day as begun_day,
       case when d.status in ('on-hold', 'declined', 'stopped') then 1 else 0 end as is_held
from medication_dispense d
join person p on p.patient_id = d.patient_id
join medicine_name n on n.code = d.code
cross join as_of a
where d.same_as = d.id
  and d.status in ('preparation', 'in-progress', 'on-hold', 'declined', 'stopped')
  and d.filled_from_day <= a.day
  and not exists (
      select 1
      from completed_fill f
      join medicine_name m on m.code = f.code
      where f.patient_id = d.patient_id and m.subject = n.subject and f.filled_from_day >= d.filled_from_day)

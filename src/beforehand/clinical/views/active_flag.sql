-- Warnings and notices about the person that stand on as_of (no transport, hard of hearing, ...).
select f.patient_id, f.id, f.source_id, f.code, f.category, f.start_from_day, f.start_to_day,
       f.end_from_day, f.end_to_day
from flag f
cross join as_of a
where f.same_as = f.id
  and f.status = 'active'
  and (f.start_from_day is null or f.start_from_day <= a.day)
  and (f.end_to_day is null or f.end_to_day >= a.day)

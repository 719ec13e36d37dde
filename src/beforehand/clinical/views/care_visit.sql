-- Visits, calls and stays of every sort that took place or were going on by as_of: from_day to to_day (999999 while
-- it goes on).
select e.patient_id, e.id, e.source_id, e.status, e.class_code, e.code, e.reason, e.discharge_disposition,
       coalesce(e.start_from_day, -999999) as from_day, coalesce(e.end_to_day, 999999) as to_day, e.start_at, e.end_at
from encounter e
cross join as_of a
where e.same_as = e.id
  and e.status in ('arrived', 'triaged', 'in-progress', 'onleave', 'finished')
  and (e.start_from_day is null or e.start_from_day <= a.day)

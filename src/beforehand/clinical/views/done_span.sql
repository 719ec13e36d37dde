-- Procedures completed, begun by as_of: from_day to to_day.
select p.patient_id, p.id, p.source_id, p.code, p.reason, p.body_site, p.encounter_id,
       coalesce(p.started_from_day, p.done_from_day) as from_day, p.done_to_day as to_day, p.started_at, p.done_at
from procedure p
cross join as_of a
where p.same_as = p.id
  and p.status = 'completed'
  and (p.started_from_day is null or p.started_from_day <= a.day)

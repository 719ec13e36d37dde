-- Procedures completed by as_of.
select p.patient_id, p.id, p.source_id, p.code, p.done_from_day, p.done_to_day,
       p.started_from_day, p.started_to_day, p.reason, p.body_site, p.encounter_id, p.order_id
from procedure p
cross join as_of a
where p.same_as = p.id
  and p.status = 'completed'
  and (p.done_from_day is null or p.done_from_day <= a.day)

-- Procedures that a source says were not done, with the reason (declined, contraindicated, ...), by as_of.
select p.patient_id, p.id, p.source_id, p.code, p.status_reason, p.done_from_day, p.done_to_day,
       p.reason, p.encounter_id, p.order_id
from procedure p
cross join as_of a
where p.same_as = p.id
  and p.status = 'not-done'
  and (p.done_from_day is null or p.done_from_day <= a.day)

-- Vaccines that a source says were not given, with the reason, by as_of.
select i.patient_id, i.id, i.source_id, i.code, i.status_reason, i.given_from_day, i.given_to_day
from immunization i
cross join as_of a
where i.same_as = i.id
  and i.status = 'not-done'
  and (i.given_from_day is null or i.given_from_day <= a.day)

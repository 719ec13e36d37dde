-- Vaccines given by as_of.
select i.patient_id, i.id, i.source_id, i.code, i.given_from_day, i.given_to_day, i.dose_number
from immunization i
cross join as_of a
where i.same_as = i.id
  and i.status = 'completed'
  and (i.given_from_day is null or i.given_from_day <= a.day)

-- Relatives, friends and carers who matter on as_of.
select r.patient_id, r.id, r.source_id, r.relationship, r.name, r.start_from_day, r.end_to_day
from related_person r
cross join as_of a
where r.same_as = r.id
  and (r.is_active is null or r.is_active = 1)
  and (r.start_from_day is null or r.start_from_day <= a.day)
  and (r.end_to_day is null or r.end_to_day >= a.day)

-- Inpatient stays going on at the end of as_of: begun by then and not ended by then.
select e.patient_id, e.id, e.source_id, e.class_code, e.code, e.reason, e.start_from_day, e.start_to_day,
       e.admit_source, e.practitioner_id, e.organization_id, e.place_name
from encounter e
cross join as_of a
where e.same_as = e.id
  and e.class_code in ('IMP', 'ACUTE', 'NONAC')
  and e.part_of_id is null
  and e.start_from_day <= a.day
  and (e.status in ('arrived', 'triaged', 'in-progress', 'onleave') or (e.status = 'finished' and e.end_from_day > a.day))
  and (e.end_from_day is null or e.end_from_day > a.day)

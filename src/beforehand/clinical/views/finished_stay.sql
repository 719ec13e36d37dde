-- Inpatient stays that ended by as_of (class IMP, ACUTE, NONAC; short stays and observation are not stays).
-- A stay that is part of another stay is hidden: its whole is shown.
select e.patient_id, e.id, e.source_id, e.class_code, e.code, e.reason, e.start_from_day, e.start_to_day,
       e.end_from_day, e.end_to_day, e.discharge_disposition, e.admit_source, e.practitioner_id,
       e.organization_id, e.place_name
from encounter e
cross join as_of a
where e.same_as = e.id
  and e.status = 'finished'
  and e.class_code in ('IMP', 'ACUTE', 'NONAC')
  and e.part_of_id is null
  and e.end_from_day <= a.day

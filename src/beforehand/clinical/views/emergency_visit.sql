-- Emergency department visits begun by as_of that took place (arrived, in progress or finished).
select e.patient_id, e.id, e.source_id, e.code, e.reason, e.start_from_day, e.start_to_day,
       e.end_from_day, e.end_to_day, e.discharge_disposition, e.practitioner_id, e.organization_id,
       e.place_name, e.part_of_id
from encounter e
cross join as_of a
where e.same_as = e.id
  and e.status in ('arrived', 'triaged', 'in-progress', 'onleave', 'finished')
  and e.class_code = 'EMER'
  and e.start_from_day <= a.day

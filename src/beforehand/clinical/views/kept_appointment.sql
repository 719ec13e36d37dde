-- Appointments the person came to by as_of (arrived, checked in or fulfilled).
select p.patient_id, p.id, p.source_id, p.status, p.code, p.specialty, p.kind, p.start_from_day, p.start_to_day,
       p.order_id, p.practitioner_id, p.place_name, p.is_remote, p.for_appointment_id
from appointment p
cross join as_of a
where p.same_as = p.id
  and p.status in ('arrived', 'checked-in', 'fulfilled')
  and p.start_from_day <= a.day

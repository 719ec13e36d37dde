-- Appointments on or after as_of that stand (proposed, pending, booked, waitlisted or arrived) and were made
-- by as_of. Rides are appointments too: kind is RIDE.
select p.patient_id, p.id, p.source_id, p.status, p.code, p.specialty, p.kind, p.start_from_day, p.start_to_day,
       p.start_at, p.end_from_day, p.end_to_day, p.end_at, p.minutes, p.created_from_day, p.order_id,
       p.practitioner_id, p.location_id, p.place_name, p.description, p.instructions, p.is_remote,
       p.for_appointment_id
from appointment p
cross join as_of a
where p.same_as = p.id
  and p.status in ('proposed', 'pending', 'booked', 'waitlist', 'arrived', 'checked-in')
  and p.start_to_day >= a.day
  and (p.created_from_day is null or p.created_from_day <= a.day)

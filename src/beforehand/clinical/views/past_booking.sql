-- Appointments of a living person whose day has passed and of which nobody says whether the person came: still booked or
-- pending after their day. over_day is the first day after it.
select v.patient_id, v.id, v.code, v.kind, v.start_from_day as day, v.start_to_day + 1 as over_day, v.order_id, v.practitioner_id,
       p.calendar_id, coalesce(v.description, v.place_name, 'the visit') as visit
from appointment v
join person p on p.patient_id = v.patient_id
cross join as_of a
where v.same_as = v.id
  and v.status in ('booked', 'pending')
  and v.start_to_day < a.day

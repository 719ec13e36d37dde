-- Appointments of a living person, not rides, that were missed (noshow) or cancelled. day is the day it was for, which for
-- a cancelled one may lie ahead.
select v.patient_id, v.id, v.status, v.code, v.start_from_day as day, v.created_from_day, v.order_id, v.practitioner_id,
       p.calendar_id, coalesce(v.description, v.place_name, 'the visit') as visit
from appointment v
join person p on p.patient_id = v.patient_id
cross join as_of a
left join value_set_code r on r.code = v.code and r.value_set = 'work_any_ride'
where v.same_as = v.id
  and (v.status = 'cancelled' or (v.status = 'noshow' and v.start_from_day <= a.day))
  and (v.created_from_day is null or v.created_from_day <= a.day)
  and r.code is null
  and coalesce(v.kind, '') <> 'RIDE'

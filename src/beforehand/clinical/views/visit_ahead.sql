-- Visits that stand booked (or pending) for a living person on or after as_of; rides are not visits. day is the day it
-- begins, over_day the first day on which it surely lies behind; is_exact is 0 when the day it begins or ends on is known by
-- its month only; visit is what it is called.
select v.patient_id, v.id, v.source_id, v.code, v.specialty, v.kind, v.start_from_day as day, v.start_to_day + 1 as over_day,
       v.start_at, coalesce(v.end_at, v.start_at + v.minutes * 60) as end_at, v.created_from_day, v.order_id,
       v.practitioner_id, v.location_id, v.instructions, coalesce(v.is_remote, 0) as is_remote, p.calendar_id,
       case when v.start_from_day < v.start_to_day or v.end_from_day < v.end_to_day then 0 else 1 end as is_exact,
       p.needs_interpreter, coalesce(v.description, v.place_name, 'the visit') as visit
from future_appointment v
join person p on p.patient_id = v.patient_id
left join value_set_code r on r.code = v.code and r.value_set = 'work_any_ride'
where v.status in ('booked', 'pending')
  and r.code is null
  and coalesce(v.kind, '') <> 'RIDE'

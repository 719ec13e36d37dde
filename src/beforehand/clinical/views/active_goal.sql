-- Goals agreed or under way on as_of.
select g.patient_id, g.id, g.source_id, g.status, g.achievement, g.code, g.description,
       g.start_from_day, g.start_to_day, g.due_from_day, g.due_to_day, g.measure, g.target_micro, g.target_unit
from goal g
cross join as_of a
where g.same_as = g.id
  and g.status in ('planned', 'accepted', 'active', 'on-hold')
  and (g.start_from_day is null or g.start_from_day <= a.day)

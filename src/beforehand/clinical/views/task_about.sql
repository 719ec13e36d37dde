-- Work asked of somebody by as_of that still counts (not cancelled, not withdrawn), with the fact it is about. A source
-- that gives no day is believed to speak of the past. changed_day is when its state last changed.
select t.patient_id, t.id, t.status, t.code, t.focus_id, t.authored_from_day,
       coalesce(t.modified_from_day, t.authored_from_day) as changed_day, t.owner_name
from task t
cross join as_of a
where t.same_as = t.id
  and t.status in ('requested', 'received', 'accepted', 'rejected', 'ready', 'in-progress', 'on-hold', 'failed', 'completed')
  and coalesce(t.authored_from_day, a.day) <= a.day

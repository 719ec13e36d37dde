-- What the person wants or does not want, as far as somebody wrote it down by as_of: notices, consents in force, conditions
-- such as a do-not-resuscitate order, and what was said. day is since when, empty when nobody says.
select f.patient_id, f.code, f.start_from_day as day, 'flag' as fact_table, f.id as fact_id
from active_flag f
union all
select n.patient_id, n.category as code, coalesce(n.given_from_day, n.start_from_day) as day, 'consent' as fact_table, n.id as fact_id
from consent n
cross join as_of a
where n.same_as = n.id
  and n.status = 'active'
  and coalesce(n.start_from_day, n.given_from_day, a.day) <= a.day
  and (n.end_to_day is null or n.end_to_day >= a.day)
union all
select c.patient_id, c.code, coalesce(c.recorded_from_day, c.onset_from_day) as day, 'condition' as fact_table, c.id as fact_id
from active_condition c
union all
select m.patient_id, m.topic as code, m.sent_from_day as day, 'communication' as fact_table, m.id as fact_id
from contact_made m

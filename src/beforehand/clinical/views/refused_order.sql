-- Orders of services, referrals and medicines that say "do not", written down by as_of, with the reason: the person
-- declined, or there is a medical reason. Proposals and plans are hidden.
select s.patient_id, 'service_request' as fact_table, s.id as fact_id, s.code, s.status_reason, s.reason,
       s.authored_from_day, s.authored_to_day, s.authored_at
from service_request s
cross join as_of a
where s.same_as = s.id
  and s.do_not_perform = 1
  and s.status in ('active', 'completed')
  and s.intent in ('order', 'original-order', 'reflex-order', 'filler-order', 'instance-order')
  and (s.authored_from_day is null or s.authored_from_day <= a.day)
union all
select m.patient_id, 'medication_request' as fact_table, m.id as fact_id, m.code, m.status_reason, m.reason,
       m.authored_from_day, m.authored_to_day, m.authored_at
from medication_request m
cross join as_of a
where m.same_as = m.id
  and m.do_not_perform = 1
  and m.status in ('active', 'completed')
  and m.intent in ('order', 'original-order', 'reflex-order', 'filler-order', 'instance-order')
  and (m.authored_from_day is null or m.authored_from_day <= a.day)

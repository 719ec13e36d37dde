-- Orders and referrals that stand or were carried out, placed by as_of: no proposals, none that say "do not".
select s.patient_id, s.id, s.source_id, s.intent, s.code, s.reason, s.authored_from_day, s.authored_to_day, s.wanted_from_day,
       s.wanted_to_day, s.encounter_id, s.authored_at
from service_request s
cross join as_of a
where s.same_as = s.id
  and s.status in ('active', 'completed')
  and s.intent in ('order', 'original-order', 'reflex-order', 'filler-order', 'instance-order')
  and (s.do_not_perform is null or s.do_not_perform = 0)
  and (s.authored_from_day is null or s.authored_from_day <= a.day)

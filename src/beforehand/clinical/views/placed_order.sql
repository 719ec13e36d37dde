-- Orders and referrals placed by as_of, whether still open or done (active, on hold or completed). Proposals,
-- options, drafts, revoked ones and "do not do" are hidden.
select s.patient_id, s.id, s.source_id, s.status, s.intent, s.code, s.category, s.priority,
       s.authored_from_day, s.authored_to_day, s.wanted_from_day, s.wanted_to_day, s.reason, s.reason_id,
       s.requester_id, s.performer_id, s.performer_name, s.performer_type, s.based_on_id, s.encounter_id
from service_request s
cross join as_of a
where s.same_as = s.id
  and s.status in ('active', 'on-hold', 'completed')
  and (s.intent is null or s.intent not in ('proposal', 'option'))
  and (s.do_not_perform is null or s.do_not_perform = 0)
  and (s.authored_from_day is null or s.authored_from_day <= a.day)

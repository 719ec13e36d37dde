-- Orders and referrals placed by as_of that the source still calls active.
select s.patient_id, s.id, s.source_id, s.intent, s.code, s.category, s.priority,
       s.authored_from_day, s.authored_to_day, s.wanted_from_day, s.wanted_to_day, s.reason, s.reason_id,
       s.requester_id, s.performer_id, s.performer_name, s.performer_type, s.based_on_id, s.encounter_id
from placed_order s
where s.status = 'active'

-- Contacts that were tried by as_of and did not happen, with the reason (not reached, declined).
select c.patient_id, c.id, c.source_id, c.code, c.status_reason, c.topic, c.medium, c.sent_from_day, c.sent_to_day,
       c.about_id, c.encounter_id, c.sender_id
from communication c
cross join as_of a
where c.same_as = c.id
  and c.status = 'not-done'
  and (c.sent_from_day is null or c.sent_from_day <= a.day)

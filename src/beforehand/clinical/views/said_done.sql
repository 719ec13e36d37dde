-- What the person says was done elsewhere, without a report: topic says what. A word, not evidence that it was done.
select c.patient_id, c.id, c.topic as code, c.sent_from_day, c.sent_to_day
from contact_made c
join value_set_code v on v.code = c.code and v.value_set = 'work_said_done'

-- Facts somebody has spoken the last word on by as_of: a clinician decided that things stay as they are or that no more
-- is wanted (is_decision 1), or the person said no (is_decision 0). about_id is the fact it is about, settled_day when.
select t.patient_id, t.focus_id as about_id, 1 as is_decision, t.authored_from_day as settled_day,
       'task' as fact_table, t.id as fact_id
from task t
join value_set_code v on v.code = t.code and v.value_set = 'work_no_follow_up'
cross join as_of a
where t.same_as = t.id and t.status = 'completed' and t.authored_from_day <= a.day
union all
select c.patient_id, c.about_id, 0 as is_decision, c.sent_from_day as settled_day,
       'communication' as fact_table, c.id as fact_id
from contact_tried c
join value_set_code v on v.code = c.status_reason and v.value_set = 'work_declined'

-- Bills and plan statements that somebody has checked with the sender (is_checked 1) or that the person wants left alone
-- (is_checked 0), by as_of. about_id is the bill or the statement.
select t.patient_id, t.focus_id as about_id, 1 as is_checked, 'task' as fact_table, t.id as fact_id
from task t
join value_set_code v on v.code = t.code and v.value_set = 'work_bill_checked'
cross join as_of a
where t.same_as = t.id
  and t.status = 'completed'
  and t.authored_from_day <= a.day
union all
select n.patient_id, n.about_id, 0 as is_checked, n.fact_table, n.fact_id
from said_no n
where n.about_id is not null

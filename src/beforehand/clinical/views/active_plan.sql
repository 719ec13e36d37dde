-- Care plans in force on as_of. created_* is when it was written or last agreed.
select p.patient_id, p.id, p.source_id, p.intent, p.code, p.title, p.start_from_day, p.start_to_day,
       p.end_from_day, p.end_to_day, p.created_from_day, p.created_to_day, p.care_team_id
from care_plan p
cross join as_of a
where p.same_as = p.id
  and p.status = 'active'
  and (p.start_from_day is null or p.start_from_day <= a.day)
  and (p.end_to_day is null or p.end_to_day >= a.day)

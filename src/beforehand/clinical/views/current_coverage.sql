-- Insurance in force on as_of.
select v.patient_id, v.id, v.source_id, v.code, v.start_from_day, v.start_to_day, v.end_from_day, v.end_to_day,
       v.payor_id, v.payor_name, v.relationship
from coverage v
cross join as_of a
where v.same_as = v.id
  and v.status = 'active'
  and (v.start_from_day is null or v.start_from_day <= a.day)
  and (v.end_to_day is null or v.end_to_day >= a.day)

-- What sort of insurance gave a plan statement: the coverage it names; where it names none we know, every coverage in
-- force on the day of service; and what the statement itself says it was filed with, as those of X12 do.
select s.patient_id, s.id as statement_id, v.id as coverage_id, v.code
from plan_statement s
join coverage v on v.patient_id = s.patient_id and v.id = s.coverage_id
where v.status = 'active'
union
select s.patient_id, s.id as statement_id, v.id as coverage_id, v.code
from plan_statement s
join coverage v on v.patient_id = s.patient_id
left join coverage named on named.patient_id = s.patient_id and named.id = s.coverage_id
where named.id is null
  and v.same_as = v.id
  and v.status = 'active'
  and (v.start_from_day is null or v.start_from_day <= s.service_from_day)
  and (v.end_to_day is null or v.end_to_day >= s.service_from_day)
union
select s.patient_id, s.id as statement_id, s.coverage_id, s.code
from plan_statement s
where s.code is not null

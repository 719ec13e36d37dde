-- What the statements of one coverage left to the person in one calendar year of service, as far as they say: shares,
-- the deductible part, and how many statements say nothing of a share. statement_id is the newest statement of the year.
select s.patient_id, s.coverage_id, v.code, c.year, sum(s.patient_share_cents) as share_cents,
       sum(s.deductible_cents) as deductible_cents,
       count(case when s.patient_share_cents is null then s.id end) as silent_count, max(s.id) as statement_id,
       max(s.created_from_day) as told_day, min(s.service_from_day) as first_day, max(s.service_from_day) as last_day
from plan_statement s
join coverage v on v.patient_id = s.patient_id and v.id = s.coverage_id
join calendar c on c.calendar_id = 1 and c.day = s.service_from_day
where v.status = 'active'
group by s.patient_id, s.coverage_id, v.code, c.year

-- Referrals of a living person to another clinician or service that were placed by as_of and are open or done. Orders for
-- tests and asks of social services are not among them. is_urgent is 1 for urgent, asap and stat; until_* is the end of
-- the time it holds for, where the order says one.
select s.patient_id, s.id, s.source_id, s.status, s.code, s.category, s.authored_from_day, s.authored_to_day,
       s.wanted_from_day as until_from_day, s.wanted_to_day as until_to_day, s.reason_id, s.requester_id, s.performer_id,
       s.performer_name, p.calendar_id,
       case when s.priority in ('urgent', 'asap', 'stat') then 1 else 0 end as is_urgent
from placed_order s
join person p on p.patient_id = s.patient_id
where s.code in (select v.code from value_set_code v where v.value_set = 'referral')
   or s.category in (select v.code from value_set_code v where v.value_set = 'referral_category')

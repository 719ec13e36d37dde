-- What each visit ahead is for, in codes: its own kind of service, and the order or referral it answers.
select v.patient_id, v.id, v.code
from visit_ahead v
where v.code is not null
union all
select v.patient_id, v.id, o.code
from visit_ahead v
join placed_order o on o.patient_id = v.patient_id and o.id = v.order_id
where o.code is not null

-- What the person declined by as_of: code says what (a test, a vaccine, a visit), about_id which fact it was about.
select t.patient_id, t.topic as code, t.about_id, t.sent_from_day as day, 'communication' as fact_table, t.id as fact_id
from contact_tried t
join value_set_code v on v.code = t.status_reason and v.value_set = 'declined'
union all
select n.patient_id, n.code, n.order_id as about_id, n.done_from_day as day, 'procedure' as fact_table, n.id as fact_id
from not_done n
join value_set_code v on v.code = n.status_reason and v.value_set = 'declined'
union all
select g.patient_id, g.code, cast(null as bigint) as about_id, g.given_from_day as day,
       'immunization' as fact_table, g.id as fact_id
from vaccine_not_given g
join value_set_code v on v.code = g.status_reason and v.value_set = 'declined'

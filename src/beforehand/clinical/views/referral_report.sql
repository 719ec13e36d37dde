-- What came back from a referral by as_of: a report that names it, or a consultation note of the visit it led to.
-- came_day is the day it was there.
select r.patient_id, r.id, d.id as fact_id, 'diagnostic_report' as fact_table,
       coalesce(d.issued_from_day, d.taken_from_day) as came_day
from placed_referral r
join final_report d on d.patient_id = r.patient_id and d.order_id = r.id
union all
select r.patient_id, r.id, n.id as fact_id, 'document_reference' as fact_table, n.written_from_day as came_day
from placed_referral r
join appointment b on b.patient_id = r.patient_id and b.order_id = r.id
join outpatient_visit e on e.patient_id = r.patient_id and e.appointment_id = b.id
join document n on n.patient_id = r.patient_id and n.encounter_id = e.id
join value_set_code c on c.code = n.code and c.value_set = 'consult_note'

-- Every active order and completed fill of each regular medicine, whichever copy of it a message may name: copy_id is a
-- fact that says the same as fact_id (or fact_id itself). For what was said or asked about a medicine's supply.
select m.patient_id, n.subject, m.same_as as fact_id, m.id as copy_id
from medication_request m
join active_medication_request r on r.patient_id = m.patient_id and r.id = m.same_as
join medicine_name n on n.code = r.code
where n.is_local = 0 and coalesce(r.is_as_needed, 0) = 0
union all
select d.patient_id, n.subject, d.same_as as fact_id, d.id as copy_id
from medication_dispense d
join completed_fill f on f.patient_id = d.patient_id and f.id = d.same_as
join medicine_name n on n.code = f.code
where n.is_local = 0

-- Tests, images and procedures that have been done by as_of: final results with a value, final reports and completed
-- procedures, whichever of them says so. to_day is the latest day it can have been, never after as_of; from_day is
-- empty when no day is known.
select r.patient_id, r.code, r.taken_from_day as from_day,
       case when r.taken_to_day < a.day then r.taken_to_day else a.day end as to_day,
       'observation' as fact_table, r.id as fact_id, r.order_id
from final_result r
cross join as_of a
where r.absent_reason is null
union all
select d.patient_id, d.code, d.taken_from_day as from_day,
       case when d.taken_to_day < a.day then d.taken_to_day else a.day end as to_day,
       'diagnostic_report' as fact_table, d.id as fact_id, d.order_id
from final_report d
cross join as_of a
union all
select p.patient_id, p.code, p.done_from_day as from_day,
       case when p.done_to_day < a.day then p.done_to_day else a.day end as to_day,
       'procedure' as fact_table, p.id as fact_id, p.order_id
from done_procedure p
cross join as_of a

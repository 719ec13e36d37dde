-- Medicines the person is to be taking on as_of: active prescriptions, statements of taking, and fills that no order
-- explains and whose days have not run out (see fill_without_order). fact_table and fact_id name the fact that says so. One
-- row per leading fact; the same medicine may be there twice when two sources say so on different days. last_day is the
-- last day it counts as current, empty when nobody said.
select m.patient_id, 'medication_request' as fact_table, m.id as fact_id, m.code,
       m.authored_from_day as start_day, m.prescriber_id, m.prescriber_name, m.source_id,
       m.valid_until_to_day as last_day
from active_medication_request m
union all
select s.patient_id, 'medication_statement' as fact_table, s.id as fact_id, s.code,
       coalesce(s.start_from_day, s.asserted_from_day) as start_day, s.informant_id as prescriber_id,
       cast(null as varchar(200)) as prescriber_name, s.source_id,
       s.end_to_day as last_day
from medication_statement s
cross join as_of a
where s.same_as = s.id
  and s.status = 'active'
  and (s.start_from_day is null or s.start_from_day <= a.day)
  and (s.end_to_day is null or s.end_to_day >= a.day)
  and (s.asserted_from_day is null or s.asserted_from_day <= a.day)
union all
select f.patient_id, 'medication_dispense' as fact_table, f.id as fact_id, f.code,
       f.filled_from_day as start_day, cast(null as bigint) as prescriber_id,
       cast(null as varchar(200)) as prescriber_name, f.source_id, f.last_day
from fill_without_order f

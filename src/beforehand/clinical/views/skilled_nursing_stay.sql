-- Stays in a skilled nursing facility begun by as_of, going on or ended: inpatient stays that are not acute (NONAC) or whose
-- type says so. end_day is empty while the stay goes on.
select c.patient_id, c.id, c.start_from_day, c.start_to_day, cast(null as integer) as end_day
from current_stay c
left join value_set_code v on v.code = c.code and v.value_set = 'skilled_nursing'
where c.class_code = 'NONAC' or v.code is not null
union all
select f.patient_id, f.id, f.start_from_day, f.start_to_day, f.end_from_day as end_day
from finished_stay f
left join value_set_code v on v.code = f.code and v.value_set = 'skilled_nursing'
where f.class_code = 'NONAC' or v.code is not null

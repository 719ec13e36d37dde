-- Conditions that say a person is pregnant on as_of: they stand then and began, where their day is known, at most 300 days
-- before. Reads our own list and the value set that rules/measures/value_sets.csv names.
select distinct c.patient_id, 'condition' as fact_table, c.id as fact_id
from active_condition c
join value_set_code v on v.code = c.code and v.value_set in ('pregnancy', 'vsac_pregnancy')
cross join as_of a
where c.onset_to_day is null or c.onset_to_day >= a.day - 300

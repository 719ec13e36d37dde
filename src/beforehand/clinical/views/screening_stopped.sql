-- Facts for which screening stops on as_of, and why: 'hospice' (hospice or palliative care), 'grave' (an illness that
-- leaves little time), 'frail' (see too_frail, from 66). weight tells which reason is named first: the lowest.
select h.patient_id, 'hospice' as why, 1 as weight, h.fact_table, h.fact_id
from hospice_care h
union all
select c.patient_id, 'grave' as why, 2 as weight, 'condition' as fact_table, c.id as fact_id
from active_condition c
join value_set_code v on v.code = c.code and v.value_set = 'limited_life_expectancy'
union all
select f.patient_id, 'frail' as why, 3 as weight, f.fact_table, f.fact_id
from too_frail f
where f.from_age = 66

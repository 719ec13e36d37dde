-- Days on which facts say that the person is in hospice care, whatever says so: a discharge to hospice, a hospice visit,
-- an assessment, an order or service, a diagnosis. until_day is 999999 also where a beginning and no end was told.
-- Needs the value sets that rules/measures/value_sets.csv names.
select v.patient_id, v.to_day as from_day, v.to_day, v.to_day as until_day, 'encounter' as fact_table, v.id as fact_id
from care_visit v
join value_set_code s on s.code = v.code and s.value_set = 'vsac_encounter_inpatient'
join value_set_code d on d.code = v.discharge_disposition and d.value_set in ('code_home_hospice', 'code_facility_hospice')
union all
select v.patient_id, v.from_day, v.to_day, v.to_day as until_day, 'encounter' as fact_table, v.id as fact_id
from care_visit v
join value_set_code s on s.code = v.code and s.value_set = 'vsac_hospice_encounter'
union all
select o.patient_id, o.from_day, o.to_day, o.until_day, 'observation' as fact_table, o.id as fact_id
from observed o
join value_set_code s on s.code = o.code and s.value_set = 'code_hospice_assessment'
join value_set_code y on y.code = o.value_code and y.value_set = 'code_yes'
union all
select r.patient_id, r.authored_from_day as from_day, r.authored_to_day as to_day,
       r.authored_to_day as until_day, 'service_request' as fact_table, r.id as fact_id
from ordered_service r
join value_set_code s on s.code = r.code and s.value_set = 'vsac_hospice_care_ambulatory'
union all
select p.patient_id, p.from_day, p.to_day, p.until_day, 'procedure' as fact_table, p.id as fact_id
from done_span p
join value_set_code s on s.code = p.code and s.value_set = 'vsac_hospice_care_ambulatory'
union all
select c.patient_id, c.from_day, c.to_day, c.to_day as until_day, 'condition' as fact_table, c.id as fact_id
from condition_span c
join value_set_code s on s.code = c.code and s.value_set = 'vsac_hospice_diagnosis'

-- For measures: visits that end at least three days before the end of the period, of the sorts at which a cold or a sore
-- throat is treated.
select distinct v.patient_id, v.id, v.from_day, v.to_day, v.end_at
from care_visit v
join value_set_code s on s.code = v.code
  and s.value_set in ('vsac_emergency_department_evaluation_and_management_visit', 'vsac_home_healthcare_services',
                      'vsac_medical_disability_exam', 'vsac_office_visit', 'vsac_outpatient_consultation',
                      'vsac_preventive_care_established_office_visit_0_to_17',
                      'vsac_preventive_care_services_established_office_visit_18_and_up',
                      'vsac_preventive_care_services_group_counseling',
                      'vsac_preventive_care_services_individual_counseling',
                      'vsac_preventive_care_services_initial_office_visit_0_to_17',
                      'vsac_preventive_care_services_initial_office_visit_18_and_up', 'vsac_telephone_visits',
                      'vsac_virtual_encounter', 'measure_cpt')
cross join period d
where v.from_day >= d.from_day and v.to_day <= d.to_day - 3

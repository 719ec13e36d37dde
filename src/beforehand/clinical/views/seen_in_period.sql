-- For measures: people seen at least once in the period in the office, at home, by phone or video, or for prevention.
select distinct v.patient_id
from care_visit v
join value_set_code s on s.code = v.code
  and s.value_set in ('vsac_office_visit', 'vsac_annual_wellness_visit',
                      'vsac_preventive_care_services_established_office_visit_18_and_up',
                      'vsac_preventive_care_services_initial_office_visit_18_and_up',
                      'vsac_home_healthcare_services', 'vsac_telephone_visits', 'vsac_virtual_encounter')
cross join period d
where v.from_day >= d.from_day and v.to_day <= d.to_day

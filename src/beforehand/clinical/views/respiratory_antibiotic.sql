-- For measures: antibiotics against a sore throat, ordered on the day of such a visit or in the three days after.
select distinct v.patient_id, v.id
from respiratory_visit v
join ordered_medicine m on m.patient_id = v.patient_id and m.authored_from_day between v.from_day and v.from_day + 3
join value_set_code s on s.code = m.code and s.value_set = 'vsac_antibiotic_medications_for_pharyngitis'

-- For measures: visits for a cold or a sore throat at which another reason makes it hard to tell why an antibiotic was
-- given: another condition that began in the year before, or antibiotics taken in the 30 days before.
select v.patient_id, v.id
from respiratory_visit v
join condition_span c on c.patient_id = v.patient_id
join value_set_code s on s.code = c.code and s.value_set = 'vsac_comorbid_conditions_for_respiratory_conditions'
join calendar b on b.calendar_id = 1 and b.day = v.from_day
join calendar y on y.calendar_id = 1 and y.month_index = b.month_index - 12 and y.day_of_month = 1
where c.from_day <= v.from_day
  and c.from_day >= y.day - 1 + case when b.day_of_month > y.days_in_month then y.days_in_month else b.day_of_month end
union all
select v.patient_id, v.id
from respiratory_visit v
join ordered_medicine m on m.patient_id = v.patient_id and m.status = 'active'
join value_set_code s on s.code = m.code and s.value_set = 'vsac_antibiotic_medications_for_pharyngitis'
where m.from_day < v.from_day and m.to_day >= v.from_day - 30

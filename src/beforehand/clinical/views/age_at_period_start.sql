-- For measures: completed years on the first day of the period, of those born on the latest possible day.
select p.patient_id,
       f.year - b.year - case when f.month < b.month or (f.month = b.month and f.day_of_month < b.day_of_month)
                              then 1 else 0 end as at_start
from patient p
cross join period d
join calendar f on f.calendar_id = 1 and f.day = d.from_day
join calendar b on b.calendar_id = 1 and b.day = p.birth_to_day

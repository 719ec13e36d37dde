-- Every person, living or dead, with age on as_of. age_low is the completed years if born on the latest
-- possible day, age_high if born on the earliest; equal when the birth day is exact, empty when it is not known.
-- is_deceased is 1 when the person had died by as_of; death_day may be empty even then.
select p.patient_id, p.sex, p.birth_from_day, p.birth_to_day,
       today.year - late.year - case when today.month < late.month
           or (today.month = late.month and today.day_of_month < late.day_of_month) then 1 else 0 end as age_low,
       today.year - early.year - case when today.month < early.month
           or (today.month = early.month and today.day_of_month < early.day_of_month) then 1 else 0 end as age_high,
       p.needs_interpreter, p.language, p.calendar_id,
       case when p.is_deceased = 1 and (p.deceased_from_day is null or p.deceased_from_day <= a.day)
           then 1 else 0 end as is_deceased,
       case when p.is_deceased = 1 and p.deceased_from_day <= a.day then p.deceased_from_day end as death_day
from patient p
cross join as_of a
left join calendar today on today.calendar_id = 1 and today.day = a.day
left join calendar early on early.calendar_id = 1 and early.day = p.birth_from_day
left join calendar late on late.calendar_id = 1 and late.day = p.birth_to_day

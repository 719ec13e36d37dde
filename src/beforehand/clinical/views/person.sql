-- People living on as_of, with age (see any_person). Start a clinical rule here: death ends it.
select p.patient_id, p.sex, p.birth_from_day, p.birth_to_day, p.age_low, p.age_high,
       p.needs_interpreter, p.language, p.calendar_id
from any_person p
where p.is_deceased = 0

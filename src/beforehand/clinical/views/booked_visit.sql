-- Appointments booked for as_of or later; free_day is the day after: booked is not done, so the question comes back then.
select b.patient_id, b.id, b.code, b.start_from_day, b.start_to_day, b.start_to_day + 1 as free_day
from future_appointment b
where b.status = 'booked'

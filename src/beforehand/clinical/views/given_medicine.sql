-- Medicines given to the person by somebody by as_of (administration completed).
select m.patient_id, m.id, m.source_id, m.code, m.given_from_day, m.given_to_day, m.encounter_id,
       m.dose_micro, m.dose_unit
from medication_administration m
cross join as_of a
where m.same_as = m.id
  and m.status = 'completed'
  and (m.given_from_day is null or m.given_from_day <= a.day)

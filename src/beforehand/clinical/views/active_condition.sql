-- Conditions the person has on as_of: not resolved, in remission, refuted, unconfirmed or entered-in-error.
select c.patient_id, c.id, c.source_id, c.code, c.category, c.severity, c.clinical_status,
       c.onset_from_day, c.onset_to_day, c.recorded_from_day, c.recorded_to_day, c.encounter_id
from known_condition c
where c.is_active = 1

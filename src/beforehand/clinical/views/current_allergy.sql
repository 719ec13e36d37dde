-- Allergies and intolerances that stand on as_of. Refuted and entered-in-error ones are hidden; so is the
-- statement that none is known (is_none_known = 1). Unconfirmed ones are shown: is_confirmed tells.
select g.patient_id, g.id, g.source_id, g.code, g.type, g.category, g.criticality, g.reaction, g.reaction_severity,
       g.onset_from_day, g.onset_to_day, g.recorded_from_day, g.recorded_to_day,
       case when g.verification = 'confirmed' then 1 else 0 end as is_confirmed
from allergy g
cross join as_of a
where g.same_as = g.id
  and (g.verification is null or g.verification in ('', 'unconfirmed', 'presumed', 'confirmed'))
  and (g.clinical_status is null or g.clinical_status in ('', 'active'))
  and (g.is_none_known is null or g.is_none_known = 0)
  and (g.recorded_from_day is null or g.recorded_from_day <= a.day)

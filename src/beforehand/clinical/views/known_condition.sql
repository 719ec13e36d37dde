-- Conditions the person has or had by as_of, also resolved ones. Refuted, entered-in-error, unconfirmed,
-- provisional and differential ones are hidden; is_active says whether it was current on as_of.
select c.patient_id, c.id, c.source_id, c.code, c.category, c.severity, c.clinical_status,
       c.onset_from_day, c.onset_to_day, c.abated_from_day, c.abated_to_day,
       c.recorded_from_day, c.recorded_to_day, c.encounter_id,
       case when c.abated_from_day is not null and c.abated_from_day <= a.day then 0
            when c.clinical_status in ('inactive', 'remission', 'resolved')
                 and (c.abated_from_day is null or c.abated_from_day <= a.day) then 0
            else 1 end as is_active
from condition c
cross join as_of a
where c.same_as = c.id
  and (c.verification is null or c.verification in ('', 'confirmed'))
  and (c.onset_from_day is null or c.onset_from_day <= a.day)
  and (c.recorded_from_day is null or c.recorded_from_day <= a.day or c.onset_from_day <= a.day)

-- For measures: people who have palliative care at any time in the period.
select distinct h.patient_id
from palliative_span h
cross join period d
where h.from_day <= d.to_day and h.until_day >= d.from_day

-- For measures: people who are in hospice care at any time in the period.
select distinct h.patient_id
from hospice_span h
cross join period d
where h.from_day <= d.to_day and h.until_day >= d.from_day

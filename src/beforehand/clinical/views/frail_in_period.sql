-- For measures: people whose frailty takes them out of a measure from the age in from_age on. From 66: a life in a nursing
-- home, or frailty in the period with an advanced illness in it or in the year before. From 81: frailty alone.
with frail as (
  select distinct f.patient_id
  from frailty_span f
  cross join period d
  where f.from_day <= d.to_day and f.to_day >= d.from_day
),
ill as (
  select distinct s.patient_id
  from advanced_illness_sign s
  cross join period d
  join calendar c on c.calendar_id = 1 and c.day = d.from_day
  join calendar y on y.calendar_id = 1 and y.month_index = c.month_index - 12 and y.day_of_month = 1
  where s.from_day <= d.to_day and s.to_day >= y.day
)
select n.patient_id, 66 as from_age
from nursing_home_resident n
union all
select f.patient_id, 66 as from_age
from frail f
join ill i on i.patient_id = f.patient_id
union all
select f.patient_id, 81 as from_age
from frail f

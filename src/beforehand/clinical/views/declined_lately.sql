-- What the person declined in the year up to as_of (see said_no); until_day is the day to ask again.
select n.patient_id, n.code, n.about_id, n.day, n.day + 365 as until_day, n.fact_table, n.fact_id
from said_no n
cross join as_of a
where n.day + 365 > a.day

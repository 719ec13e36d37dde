-- Reports of tests, images and pathology that are final, amended, corrected or appended, taken by as_of.
select r.patient_id, r.id, r.source_id, r.code, r.category, r.taken_from_day, r.taken_to_day,
       r.issued_from_day, r.issued_to_day, r.conclusion_code, r.conclusion, r.encounter_id, r.order_id
from diagnostic_report r
cross join as_of a
where r.same_as = r.id
  and r.status in ('final', 'amended', 'corrected', 'appended')
  and (r.taken_from_day is null or r.taken_from_day <= a.day)

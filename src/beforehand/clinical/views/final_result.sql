-- Observations that are final, amended or corrected and were taken by as_of. Compare value_micro only
-- after checking value_unit. A component (systolic) is a row of its own with parent_id.
select o.patient_id, o.id, o.source_id, o.code, o.category, o.taken_from_day, o.taken_to_day, o.taken_at,
       o.issued_from_day, o.issued_to_day, o.value_micro, o.value_unit, o.value_text, o.comparator,
       o.value_code, o.value_words, o.interpretation, o.absent_reason, o.low_micro, o.low_unit,
       o.high_micro, o.high_unit, o.body_site, o.parent_id, o.encounter_id, o.order_id, o.performer_id
from observation o
cross join as_of a
where o.same_as = o.id
  and o.status in ('final', 'amended', 'corrected')
  and (o.taken_from_day is null or o.taken_from_day <= a.day)

-- Observations that are final, amended or corrected, begun by as_of: from_day to to_day. Compare value_micro only after
-- checking value_unit. A component (systolic) is a row of its own with parent_id.
select o.patient_id, o.id, o.source_id, o.code, o.category, o.value_micro, o.value_unit, o.comparator, o.value_code,
       o.value_words, o.absent_reason, o.parent_id, o.encounter_id,
       coalesce(o.started_from_day, o.taken_from_day) as from_day, o.taken_to_day as to_day, o.started_at, o.taken_at
from observation o
cross join as_of a
where o.same_as = o.id
  and o.status in ('final', 'amended', 'corrected')
  and (o.started_from_day is null or o.started_from_day <= a.day)

-- Observations that are final, amended or corrected, begun by as_of: from_day to to_day. Compare value_micro only after
-- checking value_unit. A component (systolic) is a row of its own with parent_id. until_day is to_day, but 999999 where a
-- beginning and no end was told.
select o.patient_id, o.id, o.source_id, o.code, o.category, o.value_micro, o.value_unit, o.comparator, o.value_code,
       o.value_words, o.absent_reason, o.parent_id, o.encounter_id,
       coalesce(o.started_from_day, o.taken_from_day) as from_day, o.taken_to_day as to_day,
       case when o.started_from_day is null then o.taken_at else o.started_at end as started_at, o.taken_at,
       case when o.started_from_day = o.taken_from_day and o.started_to_day = o.taken_to_day
             and (o.started_at = o.taken_at or (o.started_at is null and o.taken_at is null))
            then 999999 else o.taken_to_day end as until_day
from observation o
cross join as_of a
where o.same_as = o.id
  and o.status in ('final', 'amended', 'corrected')
  and (coalesce(o.started_from_day, o.taken_from_day) is null or coalesce(o.started_from_day, o.taken_from_day) <= a.day)

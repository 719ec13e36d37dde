-- Procedures completed, begun by as_of: from_day to to_day. until_day is to_day, but 999999 where a beginning and no end
-- was told.
select p.patient_id, p.id, p.source_id, p.code, p.reason, p.body_site, p.encounter_id,
       coalesce(p.started_from_day, p.done_from_day) as from_day, p.done_to_day as to_day,
       case when p.started_from_day is null then p.done_at else p.started_at end as started_at, p.done_at,
       case when p.started_from_day = p.done_from_day and p.started_to_day = p.done_to_day
             and (p.started_at = p.done_at or (p.started_at is null and p.done_at is null))
            then 999999 else p.done_to_day end as until_day
from procedure p
cross join as_of a
where p.same_as = p.id
  and p.status = 'completed'
  and (coalesce(p.started_from_day, p.done_from_day) is null or coalesce(p.started_from_day, p.done_from_day) <= a.day)

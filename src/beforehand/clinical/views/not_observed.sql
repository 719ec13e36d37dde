-- Observations that a source says were not made, with the reason: cancelled, with a reason why not. day is when that
-- was written down.
select o.patient_id, o.id, o.source_id, o.code, o.not_done_reason,
       coalesce(o.issued_from_day, o.taken_from_day) as from_day, coalesce(o.issued_to_day, o.taken_to_day) as to_day
from observation o
cross join as_of a
where o.same_as = o.id
  and o.status = 'cancelled'
  and o.not_done_reason is not null
  and (o.issued_from_day is null or o.issued_from_day <= a.day)

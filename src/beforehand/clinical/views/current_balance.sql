-- Limits of the running plan year and how much of each is used up, as the payer last said by as_of; the person's own
-- limits in the network. used_cents or allowed_cents may be empty.
select b.patient_id, b.id, b.coverage_id, b.kind, b.allowed_cents, b.used_cents, b.created_from_day, b.start_from_day,
       b.end_to_day
from (
    select b.patient_id, b.id, b.coverage_id, b.kind, b.allowed_cents, b.used_cents, b.created_from_day, b.start_from_day,
           b.end_to_day,
           row_number() over (partition by b.patient_id, b.coverage_id, b.kind
                              order by b.created_from_day desc nulls last, b.id desc nulls last) as place
    from benefit_balance b
    cross join as_of a
    where b.same_as = b.id
      and b.status = 'active'
      and coalesce(b.unit, 'individual') = 'individual'
      and coalesce(b.network, 'in') = 'in'
      and b.created_from_day <= a.day
      and coalesce(b.start_from_day, a.day) <= a.day
      and coalesce(b.end_to_day, a.day) >= a.day
) b
where b.place = 1

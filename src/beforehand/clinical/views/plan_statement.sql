-- A plan's accounts of what a service cost, given by as_of: of each claim number the newest. Estimates and requests for
-- authorization are hidden, as are cancelled accounts and those entered in error.
select s.patient_id, s.id, s.source_id, s.code, s.created_from_day, s.service_from_day, s.service_to_day, s.provider_id,
       s.provider_name, s.payer_claim_number, s.coverage_id, s.billed_cents, s.allowed_cents, s.paid_cents,
       s.patient_share_cents, s.deductible_cents
from (
    select e.patient_id, e.id, e.source_id, e.code, e.created_from_day, e.service_from_day, e.service_to_day, e.provider_id,
           e.provider_name, e.payer_claim_number, e.coverage_id, e.billed_cents, e.allowed_cents, e.paid_cents,
           e.patient_share_cents, e.deductible_cents,
           row_number() over (partition by e.patient_id, coalesce(e.payer_claim_number, cast(e.id as varchar(20)))
                              order by e.created_from_day desc nulls last, e.id desc nulls last) as place
    from explanation_of_benefit e
    cross join as_of a
    where e.same_as = e.id
      and e.status = 'active'
      and coalesce(e.use, 'claim') = 'claim'
      and coalesce(e.created_from_day, a.day) <= a.day
) s
where s.place = 1

-- Bills sent by as_of that still ask for money. open_day is the day on the bill, due_day the pay-by day or 30 days later.
select i.patient_id, i.id, i.source_id, i.code, i.total_cents, i.issued_from_day, i.payer_claim_number, i.issuer_id,
       i.service_from_day, i.service_to_day, i.encounter_id, coalesce(i.issuer_name, 'the biller') as biller,
       coalesce(i.issued_from_day, a.day) as open_day, coalesce(i.due_from_day, i.issued_from_day + 30) as due_day
from invoice i
cross join as_of a
where i.same_as = i.id
  and i.status = 'issued'
  and coalesce(i.issued_from_day, a.day) <= a.day

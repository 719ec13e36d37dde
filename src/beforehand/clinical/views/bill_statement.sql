-- Which plan statements are about which open bill: by the claim number on the bill; where it has none, by day of service
-- and sender.
select b.patient_id, b.id as bill_id, s.id as statement_id, s.patient_share_cents
from open_bill b
join plan_statement s on s.patient_id = b.patient_id
where s.payer_claim_number = b.payer_claim_number
   or (b.payer_claim_number is null and s.service_from_day = b.service_from_day and s.provider_id = b.issuer_id)

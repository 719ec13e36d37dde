-- Plan statements that may still be argued about: those of an open bill, and for a year those without one. The subject is
-- the bill where there is one, so that everything about one bill becomes one piece of work.
select s.patient_id, s.id as statement_id, m.bill_id, s.code, s.service_from_day, s.service_to_day, s.provider_id,
       coalesce(s.provider_name, 'the biller') as provider, s.coverage_id, s.billed_cents, s.allowed_cents, s.paid_cents,
       s.patient_share_cents, s.payer_claim_number, s.created_from_day,
       case when m.bill_id is null then 'statement:' || cast(s.id as varchar(20))
            else 'bill:' || cast(m.bill_id as varchar(20)) end as subject,
       coalesce(b.open_day, s.created_from_day, a.day) as open_day,
       coalesce(b.due_day, s.created_from_day + 30) as due_day,
       case when m.bill_id is null then s.created_from_day + 365 end as lapse_day,
       case when m.bill_id is null and s.created_from_day + 365 < a.day + 90 then s.created_from_day + 365
            else a.day + 90 end as next_day
from plan_statement s
cross join as_of a
left join (select patient_id, statement_id, min(bill_id) as bill_id from bill_statement group by patient_id, statement_id) m
    on m.patient_id = s.patient_id and m.statement_id = s.id
left join open_bill b on b.patient_id = m.patient_id and b.id = m.bill_id
where m.bill_id is not null or s.created_from_day > a.day - 365

-- Lines of plan statements that leave something to the person, with the subject and the days of money_case. CROSS JOIN holds
-- SQLite to reading each line once and finding its statement by number.
select c.patient_id, c.subject, c.statement_id, c.bill_id, c.code as claim_code, c.provider, c.provider_id, c.coverage_id,
       c.open_day, c.due_day, c.lapse_day, c.next_day, i.id as line_id, i.code, i.modifier, i.place, i.diagnosis, i.reason,
       i.network, i.service_from_day, i.service_to_day, i.units_micro, i.units_text, i.billed_cents, i.allowed_cents, i.paid_cents,
       i.share_cents, i.deductible_cents, i.noncovered_cents, i.encounter_id
from benefit_item i
cross join money_case c
where c.patient_id = i.patient_id
  and c.statement_id = i.statement_id
  and i.status = 'active'
  and i.same_as = i.id
  and i.share_cents > 0

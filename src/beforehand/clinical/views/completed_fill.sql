-- Fills that left the pharmacy by as_of (dispense completed). filled_* is the day that counts.
select d.patient_id, d.id, d.source_id, d.code, d.request_id, d.filled_from_day, d.filled_to_day,
       d.prepared_from_day, d.prepared_to_day, d.handed_over_from_day, d.handed_over_to_day,
       d.supply_micro, d.supply_unit, d.days_supply, d.is_mail_order, d.pharmacy_id
from medication_dispense d
cross join as_of a
where d.same_as = d.id
  and d.status = 'completed'
  and (d.filled_from_day is null or d.filled_from_day <= a.day)

-- Prescriptions and orders for medicines that are active on as_of: ordered by then, status active, not a
-- proposal, not "do not take", and not past their last day of validity. Active does not mean ever fetched.
select m.patient_id, m.id, m.source_id, m.code, m.intent, m.authored_from_day, m.authored_to_day,
       m.prescriber_id, m.prescriber_name, m.encounter_id, m.reason, m.reason_id, m.sig,
       m.dose_micro, m.dose_unit, m.daily_micro, m.daily_unit, m.is_as_needed, m.supply_micro, m.supply_unit,
       m.days_supply, m.refills, m.valid_from_from_day, m.valid_from_to_day,
       m.valid_until_from_day, m.valid_until_to_day, m.category
from medication_request m
cross join as_of a
where m.same_as = m.id
  and m.status = 'active'
  and (m.intent is null or m.intent not in ('proposal', 'option'))
  and (m.do_not_perform is null or m.do_not_perform = 0)
  and (m.authored_from_day is null or m.authored_from_day <= a.day)
  and (m.valid_until_to_day is null or m.valid_until_to_day >= a.day)

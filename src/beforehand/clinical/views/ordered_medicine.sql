-- Medicines ordered by as_of, in force or used up, and the days they are meant to be taken: from the day the
-- instructions name, else the day of the order; for the days supplied with every refill, else to the day the
-- instructions name. to_day is empty when neither is said; is_open is 1 when they name only the first day. Orders not to take a medicine are hidden.
select m.patient_id, m.id, m.source_id, m.code, m.status, m.reason, m.authored_from_day, m.authored_to_day,
       m.authored_at, m.days_supply, m.refills, m.encounter_id,
       coalesce(m.taken_from_from_day, m.authored_from_day, m.valid_from_from_day) as from_day,
       case when m.days_supply is not null
                then coalesce(m.taken_from_from_day, m.authored_from_day, m.valid_from_from_day)
                     + m.days_supply * (1 + coalesce(m.refills, 0)) - 1
            else m.taken_until_to_day end as to_day,
       case when m.taken_from_from_day is not null and m.taken_until_to_day is null then 1 else 0 end as is_open
from medication_request m
cross join as_of a
where m.same_as = m.id
  and m.status in ('active', 'completed')
  and m.intent in ('order', 'original-order', 'reflex-order', 'filler-order', 'instance-order')
  and (m.do_not_perform is null or m.do_not_perform = 0)
  and (m.authored_from_day is null or m.authored_from_day <= a.day)

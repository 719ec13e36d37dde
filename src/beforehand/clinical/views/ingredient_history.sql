-- Since when a living person has had an ingredient, as far as the record goes: the earliest order, fill or statement of
-- it by as_of, also one that has ended. first_day is empty when no day is known. Drafts, proposals, mistakes and creams are
-- hidden. One row for each fact.
select p.patient_id, i.ingredient, m.authored_from_day as first_day, 'medication_request' as fact_table, m.id as fact_id
from person p
cross join medication_request m
cross join medicine i
cross join as_of a
where m.patient_id = p.patient_id and m.same_as = m.id
  and m.status in ('active', 'on-hold', 'cancelled', 'completed', 'stopped')
  and (m.intent is null or m.intent not in ('proposal', 'option'))
  and (m.do_not_perform is null or m.do_not_perform = 0)
  and (m.authored_from_day is null or m.authored_from_day <= a.day)
  and i.code = m.code and i.is_local = 0
union all
select p.patient_id, i.ingredient, f.filled_from_day as first_day, 'medication_dispense' as fact_table, f.id as fact_id
from person p
cross join completed_fill f
cross join medicine i
where f.patient_id = p.patient_id and i.code = f.code and i.is_local = 0
union all
select p.patient_id, i.ingredient, coalesce(s.start_from_day, s.asserted_from_day) as first_day,
       'medication_statement' as fact_table, s.id as fact_id
from person p
cross join medication_statement s
cross join medicine i
cross join as_of a
where s.patient_id = p.patient_id and s.same_as = s.id
  and s.status in ('active', 'completed', 'stopped', 'on-hold')
  and (s.start_from_day is null or s.start_from_day <= a.day)
  and (s.asserted_from_day is null or s.asserted_from_day <= a.day)
  and i.code = s.code and i.is_local = 0

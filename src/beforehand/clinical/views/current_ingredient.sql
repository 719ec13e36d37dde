-- The ingredients of the medicines a living person is to be taking on as_of, one row for each medicine and ingredient.
-- Creams, eye drops and the like are left out. prescriber is who ordered it, by name where one was sent, empty when
-- nobody says. CROSS JOIN holds SQLite to starting from the person. A medicine we cannot place has no row: see the rule not_classified.
select m.patient_id, m.fact_table, m.fact_id, m.code, m.start_day, m.last_day, m.source_id, i.ingredient,
       coalesce(nullif(m.prescriber_name, ''), cast(m.prescriber_id as varchar(200))) as prescriber
from person p
cross join current_medication m
cross join medicine i
where m.patient_id = p.patient_id
  and i.code = m.code
  and i.is_local = 0

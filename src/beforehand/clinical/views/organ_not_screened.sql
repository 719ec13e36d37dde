-- Facts by as_of for which an organ is screened no more, as the quality measures tell it: 'breasts' (both removed),
-- 'colon' (cancer, or the whole colon removed), 'cervix' (removed, or never there). Only what is confirmed.
with told as (
  select b.patient_id, 'breasts' as organ, b.fact_table, b.fact_id from both_breasts_removed b
  union all
  select c.patient_id, 'colon' as organ, c.fact_table, c.fact_id from colon_cancer_or_removed c
  union all
  select x.patient_id, 'cervix' as organ, x.fact_table, x.fact_id from cervix_absent x
)
select distinct t.patient_id, t.organ, t.fact_table, t.fact_id
from told t
where t.fact_table <> 'condition'
   or exists (select 1 from known_condition k where k.patient_id = t.patient_id and k.id = t.fact_id)

-- Stretches of care a living person is in on as_of: episodes of care under way and long-term plans of care. start_* is
-- when the person came into it; a day nobody gives is empty.
select e.patient_id, 'episode_of_care' as fact_table, e.id as fact_id, e.start_from_day, e.start_to_day
from episode_of_care e
join person p on p.patient_id = e.patient_id
cross join as_of a
where e.same_as = e.id and e.status = 'active'
  and (e.start_from_day is null or e.start_from_day <= a.day)
  and (e.end_to_day is null or e.end_to_day >= a.day)
union all
select c.patient_id, 'care_plan' as fact_table, c.id as fact_id, c.start_from_day, c.start_to_day
from active_plan c
join person p on p.patient_id = c.patient_id
join value_set_code v on v.code = c.code and v.value_set = 'long_term_plan'

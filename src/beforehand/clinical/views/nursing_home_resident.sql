-- People whose latest word on housing by as_of is that they live in a nursing home. Needs the value sets that
-- rules/measures/value_sets.csv names.
with housing as (
  select o.patient_id, o.id, o.value_code, o.to_day,
         row_number() over (partition by o.patient_id
                            order by o.to_day desc nulls last, o.taken_at desc nulls last, o.id desc) as place
  from observed o
  join value_set_code s on s.code = o.code and s.value_set = 'code_housing_status'
  cross join as_of a
  where o.to_day <= a.day
)
select h.patient_id, h.to_day as from_day, 'observation' as fact_table, h.id as fact_id
from housing h
join value_set_code v on v.code = h.value_code and v.value_set = 'code_nursing_home'
where h.place = 1

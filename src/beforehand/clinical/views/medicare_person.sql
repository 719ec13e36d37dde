-- Living people under Medicare on as_of, as far as is known: is_sure is 1 with a Medicare coverage in force, 0 for somebody of
-- 65 or more of whom no insurance at all is on record. is_advantage is 1 with a Medicare Advantage plan.
select p.patient_id, 1 as is_sure, max(case when m.code is null then 0 else 1 end) as is_advantage,
       max(c.id) as coverage_id
from person p
join current_coverage c on c.patient_id = p.patient_id
join value_set_code v on v.code = c.code and v.value_set = 'plan_any_medicare'
left join value_set_code m on m.code = c.code and m.value_set = 'plan_medicare_advantage'
group by p.patient_id
union all
select p.patient_id, 0 as is_sure, 0 as is_advantage, cast(null as integer) as coverage_id
from person p
left join current_coverage c on c.patient_id = p.patient_id
where c.id is null and p.age_low >= 65

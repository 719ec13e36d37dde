-- What says by as_of that a breast was removed: is_left and is_right are 1 for the sides meant. Procedures, and
-- diagnoses of the state after it. Reads our own lists and the value sets that rules/measures/value_sets.csv names.
select p.patient_id, p.to_day as from_day, 'procedure' as fact_table, p.id as fact_id,
       case when s.value_set in ('vsac_unilateral_mastectomy_right', 'right_breast_removed') then 0 else 1 end as is_left,
       case when s.value_set in ('vsac_unilateral_mastectomy_left', 'left_breast_removed') then 0 else 1 end as is_right
from done_span p
join value_set_code s on s.code = p.code
  and s.value_set in ('vsac_bilateral_mastectomy', 'vsac_unilateral_mastectomy_left', 'vsac_unilateral_mastectomy_right',
                      'both_breasts_removed', 'left_breast_removed', 'right_breast_removed')
cross join as_of a
where p.to_day <= a.day
union all
select c.patient_id, c.from_day, 'condition' as fact_table, c.id as fact_id,
       case when s.value_set in ('vsac_status_post_right_mastectomy', 'right_breast_removed') then 0 else 1 end as is_left,
       case when s.value_set in ('vsac_status_post_left_mastectomy', 'left_breast_removed') then 0 else 1 end as is_right
from condition_span c
join value_set_code s on s.code = c.code
  and s.value_set in ('vsac_history_of_bilateral_mastectomy', 'vsac_status_post_left_mastectomy',
                      'vsac_status_post_right_mastectomy', 'both_breasts_removed', 'left_breast_removed',
                      'right_breast_removed')
union all
select c.patient_id, c.from_day, 'condition' as fact_table, c.id as fact_id,
       case when b.value_set = 'code_left' then 1 else 0 end as is_left,
       case when b.value_set = 'code_right' then 1 else 0 end as is_right
from condition_span c
join value_set_code s on s.code = c.code and s.value_set = 'vsac_unilateral_mastectomy_unspecified_laterality'
join value_set_code b on b.code = c.body_site and b.value_set in ('code_left', 'code_right')

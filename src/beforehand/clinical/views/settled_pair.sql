-- Pairs of statements that contradict each other and were settled by as_of, by a person or by a rule the organisation set;
-- each pair in both orders, by the rows that lead their lines. It stands while both say what they said when it was
-- settled. kept_id is the one that holds, empty when both do (they speak of two things) or neither.
select s.patient_id, s.left_line_id as one_id, s.right_line_id as other_id,
       case when s.kept_id = s.left_id then s.left_line_id when s.kept_id = s.right_id then s.right_line_id end as kept_id,
       s.outcome, s.settled_from_day as settled_day, s.id as fact_id
from settlement s
cross join as_of a
where s.same_as = s.id and s.status = 'completed' and s.is_standing = 1 and s.settled_from_day <= a.day
union all
select s.patient_id, s.right_line_id as one_id, s.left_line_id as other_id,
       case when s.kept_id = s.left_id then s.left_line_id when s.kept_id = s.right_id then s.right_line_id end as kept_id,
       s.outcome, s.settled_from_day as settled_day, s.id as fact_id
from settlement s
cross join as_of a
where s.same_as = s.id and s.status = 'completed' and s.is_standing = 1 and s.settled_from_day <= a.day

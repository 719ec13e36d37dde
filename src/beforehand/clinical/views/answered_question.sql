-- Answers on forms that were completed or amended by as_of.
select q.patient_id, q.id, q.source_id, q.response_id, q.code, q.link_id, q.authored_from_day, q.authored_to_day,
       q.answer_code, q.answer_micro, q.answer_unit, q.answer_words, q.is_yes
from questionnaire_answer q
cross join as_of a
where q.same_as = q.id
  and q.status in ('completed', 'amended')
  and (q.authored_from_day is null or q.authored_from_day <= a.day)

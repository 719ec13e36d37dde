-- Asks of a living person's social service (food, housing, rides, bills, ...) placed by as_of, open or done.
select s.patient_id, s.id, s.status, s.code, s.category, s.authored_from_day, s.authored_to_day, s.performer_name,
       s.performer_id, p.calendar_id, coalesce(w.words, 'help') as help
from placed_order s
join person p on p.patient_id = s.patient_id
left join concept_words w on w.code = s.code
where s.category in (select v.code from value_set_code v where v.value_set = 'social_service')
   or s.code in (select v.code from value_set_code v where v.value_set = 'social_help')

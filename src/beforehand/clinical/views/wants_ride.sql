-- Facts that say a person needs a ride to appointments: the newest answer to a question about getting there, a notice on
-- the chart, a problem on the list.
select n.patient_id, n.fact_table, n.fact_id
from (
    select t.patient_id, t.fact_table, t.fact_id, t.answer,
           row_number() over (partition by t.patient_id order by t.day desc nulls last, t.fact_id desc nulls last) as place
    from (
        select r.patient_id, 'observation' as fact_table, r.id as fact_id, r.taken_from_day as day, r.value_code as answer
        from final_result r
        join value_set_code q on q.code = r.code and q.value_set = 'transport_question'
        where r.value_code is not null
        union all
        select r.patient_id, 'questionnaire_answer' as fact_table, r.id as fact_id, r.authored_from_day as day,
               r.answer_code as answer
        from answered_question r
        join value_set_code q on q.code = r.code and q.value_set = 'transport_question'
        where r.answer_code is not null
    ) t
) n
join value_set_code v on v.code = n.answer and v.value_set = 'transport_answer_medical'
where n.place = 1
union all
select f.patient_id, 'flag' as fact_table, f.id as fact_id
from active_flag f
join value_set_code v on v.code = f.code and v.value_set = 'transport_need'
union all
select c.patient_id, 'condition' as fact_table, c.id as fact_id
from active_condition c
join value_set_code v on v.code = c.code and v.value_set = 'transport_need'

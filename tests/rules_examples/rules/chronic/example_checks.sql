/* ---
title: A regular check is overdue
why: Regular checks find complications while they can still be treated.
kind: gap
question: Is the check due for {patient}?
reason: "Last done {last_on}; due {due_on}."
next_step: Order it or ask for it at the next visit.
missing: {never: "No source shows that it was ever done."}
authority: {name: see each row, edition: "", url: "", valid_from: 2020-01-01}
author: Beforehand
clinical_review: {by: null, on: null}
family: knowledge/example_checks.csv
whole: [months]
needs: [person, active_condition, final_result, calendar]
step_kind: plan
unknown: ask
harm: 3
--- */
with eligible as (
    select distinct f.rule_id, p.patient_id, f.lab_set, f.months
    from family f
    join value_set_code v on v.value_set = f.condition_set
    join active_condition c on c.code = v.code
    join person p on p.patient_id = c.patient_id
), done as (
    select e.rule_id, e.patient_id, r.id, r.taken_to_day, e.months,
           row_number() over (partition by e.rule_id, e.patient_id
                              order by r.taken_to_day desc nulls last, r.id desc) as place
    from eligible e
    join value_set_code v on v.value_set = e.lab_set
    join final_result r on r.patient_id = e.patient_id and r.code = v.code
    where r.taken_to_day is not null
), latest as (
    select d.rule_id, d.patient_id, d.id, d.taken_to_day, due.day as due_on
    from done d
    join calendar taken on taken.calendar_id = 1 and taken.day = d.taken_to_day
    join calendar due on due.calendar_id = 1 and due.month_index = taken.month_index + d.months
        and due.day_of_month = case when taken.day_of_month > due.days_in_month then due.days_in_month
                                    else taken.day_of_month end
    where d.place = 1
), evidence as (
    select l.rule_id, l.patient_id, 'check:latest' as subject, 'observation' as fact_table, l.id as fact_id,
           'last result' as role
    from latest l
)
select e.rule_id, e.patient_id, 'check:latest' as subject,
       case when l.id is null then 'UNKNOWN' when l.due_on <= a.day then 'DUE' else 'MET' end as status,
       coalesce(l.due_on, a.day) as opens_on, l.due_on, cast(null as integer) as lapses_on,
       case when l.due_on > a.day + 90 then a.day + 90 when l.due_on > a.day then l.due_on end as recheck_on,
       case when l.id is null then 'never' end as missing,
       l.taken_to_day as say_last_on
from eligible e
cross join as_of a
left join latest l on l.rule_id = e.rule_id and l.patient_id = e.patient_id

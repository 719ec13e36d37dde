/* ---
title: Diabetes without hemoglobin A1c in a year
why: One of the five rules by which speed is measured; not for care.
kind: gap
question: Was hemoglobin A1c of {patient} measured?
reason: "Last one: {last_on}."
next_step: None. It is a measurement.
authority: {name: Beforehand, edition: "measurement", url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
needs: [active_condition, final_result, value_set_code, as_of]
--- */
with diabetic as (
    select c.patient_id, min(c.id) as id
    from active_condition c
    join value_set_code v on v.code = c.code and v.value_set = 'reference_diabetes'
    group by c.patient_id
),
measured as (
    select o.patient_id, max(o.taken_to_day) as last_day
    from final_result o
    join value_set_code v on v.code = o.code and v.value_set = 'reference_a1c'
    join diabetic d on d.patient_id = o.patient_id
    group by o.patient_id
),
evidence as (
    select patient_id, 'check:a1c' as subject, 'condition' as fact_table, id as fact_id, 'diabetes' as role from diabetic
)
select d.patient_id, 'check:a1c' as subject,
       case when m.last_day > a.day - 365 then 'MET' else 'DUE' end as status,
       coalesce(m.last_day + 365, a.day) as opens_on, coalesce(m.last_day + 365, a.day) as due_on,
       cast(null as integer) as lapses_on,
       case when m.last_day + 365 between a.day + 1 and a.day + 89 then m.last_day + 365 else a.day + 90 end as recheck_on,
       cast(null as varchar(20)) as missing, m.last_day as say_last_on
from diabetic d
cross join as_of a
left join measured m on m.patient_id = d.patient_id

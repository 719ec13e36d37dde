/* ---
title: Same laboratory test twice within 90 days
why: One of the five rules by which speed is measured; not for care.
kind: risk
question: Was the test of {patient} needed twice?
reason: "Taken {first_on} and again {second_on}."
next_step: None. It is a measurement.
authority: {name: Beforehand, edition: "measurement", url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
needs: [final_result, value_set_code, as_of]
--- */
with lab as (
    select o.patient_id, o.code, o.id, o.taken_from_day,
           lag(o.taken_from_day) over (partition by o.patient_id, o.code
                                       order by o.taken_from_day nulls last, o.id nulls last) as earlier_day
    from final_result o
    join value_set_code v on v.code = o.code and v.value_set = 'reference_lab'
    cross join as_of a
    where o.taken_from_day > a.day - 180
),
repeated as (
    select l.patient_id, l.code, l.id, l.taken_from_day, l.earlier_day, 'result:' || cast(l.id as varchar(20)) as subject
    from lab l
    cross join as_of a
    where l.taken_from_day > a.day - 90 and l.taken_from_day - l.earlier_day between 1 and 90
),
evidence as (
    select patient_id, subject, 'observation' as fact_table, id as fact_id, 'repeat' as role from repeated
)
select r.patient_id, r.subject, 'DUE' as status, r.taken_from_day as opens_on, r.taken_from_day as due_on,
       r.taken_from_day + 90 as lapses_on, r.taken_from_day + 90 as recheck_on, cast(null as varchar(20)) as missing,
       r.earlier_day as say_first_on, r.taken_from_day as say_second_on
from repeated r

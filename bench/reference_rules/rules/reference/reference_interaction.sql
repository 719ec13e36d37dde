/* ---
title: Two medicines that interact
why: One of the five rules by which speed is measured; not for care.
kind: conflict
question: Does the prescriber know that {patient} has both?
reason: "Both are prescribed since {since_on}."
next_step: None. It is a measurement.
authority: {name: Beforehand, edition: "measurement", url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
needs: [active_medication_request, value_set_code, as_of]
--- */
with one as (
    select m.patient_id, max(m.id) as id, max(m.authored_from_day) as day
    from active_medication_request m
    join value_set_code v on v.code = m.code and v.value_set = 'reference_bleeding'
    group by m.patient_id
),
other as (
    select m.patient_id, max(m.id) as id, max(m.authored_from_day) as day
    from active_medication_request m
    join value_set_code v on v.code = m.code and v.value_set = 'reference_interacting'
    group by m.patient_id
),
pair as (
    select o.patient_id, o.id as one_id, t.id as other_id,
           case when o.day > t.day then o.day else t.day end as since_day
    from one o
    join other t on t.patient_id = o.patient_id
),
evidence as (
    select patient_id, 'medicines:pair' as subject, 'medication_request' as fact_table, one_id as fact_id, 'one' as role from pair
    union all
    select patient_id, 'medicines:pair', 'medication_request', other_id, 'other' from pair
)
select p.patient_id, 'medicines:pair' as subject, 'DUE' as status, p.since_day as opens_on, p.since_day as due_on,
       cast(null as integer) as lapses_on, a.day + 90 as recheck_on, cast(null as varchar(20)) as missing,
       p.since_day as say_since_on
from pair p
cross join as_of a

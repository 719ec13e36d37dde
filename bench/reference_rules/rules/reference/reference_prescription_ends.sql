/* ---
title: Prescription ends within a week
why: One of the five rules by which speed is measured; not for care.
kind: deadline
question: Is {patient} to go on with it?
reason: "Prescribed {authored_on}; taken to last 90 days."
next_step: None. It is a measurement.
authority: {name: Beforehand, edition: "measurement", url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
needs: [active_medication_request, as_of]
--- */
with ending as (
    select m.patient_id, m.id, m.authored_from_day, 'order:' || cast(m.id as varchar(20)) as subject
    from active_medication_request m
    cross join as_of a
    where m.authored_from_day + 90 between a.day and a.day + 6
),
evidence as (
    select patient_id, subject, 'medication_request' as fact_table, id as fact_id, 'prescription' as role from ending
)
select e.patient_id, e.subject, 'DUE' as status, e.authored_from_day + 83 as opens_on, e.authored_from_day + 90 as due_on,
       e.authored_from_day + 91 as lapses_on, e.authored_from_day + 91 as recheck_on,
       cast(null as varchar(20)) as missing, e.authored_from_day as say_authored_on
from ending e

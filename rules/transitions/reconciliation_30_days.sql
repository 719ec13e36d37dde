/* ---
title: Medicines list after the hospital
why: Half of all people leave hospital with a mistake in their medicines list.
kind: deadline
question: Has {patient}'s medicines list been gone through since the hospital?
reason: "Home since {home_on}; {list}."
met: "Home since {home_on}; {list}."
excluded:
  refused: "{patient} did not want to go through the list."
  back: "{patient} is back in hospital; the list is made anew there."
next_step: Go through the discharge list and the old list with the person
missing:
  exact_day: "The day of discharge, or the day the list was gone through, is known only by its month. Ask the hospital, or whoever went through it."
authority:
  name: NCQA Transitions of Care, medication reconciliation from the day of discharge to 30 days after (31 days in all)
  edition: "2025"
  url: https://www.ncqa.org/hedis/measures/transitions-of-care/
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: reconcile
harm: 4
needs: [homecoming, done_procedure, settled, value_set_code, as_of]
--- */
-- The day of discharge is day 0; day 30 still counts, day 31 does not. For Medicare's transitional care the list is
-- wanted by the day of the visit, so it opens at once. Back in hospital before it was done, or refused: EXCLUDED.
with stay as (
    select h.patient_id, h.id, 'stay:' || cast(h.id as varchar(20)) as subject, h.end_day, h.next_stay_day
    from homecoming h
    cross join as_of a
    where h.end_day >= a.day - 30
),
done as (
    select s.patient_id, s.subject, min(d.id) as id
    from stay s
    join done_procedure d on d.patient_id = s.patient_id and d.done_from_day >= s.end_day
    join value_set_code v on v.code = d.code and v.value_set = 'medication_reconciliation'
    group by s.patient_id, s.subject
),
refused as (
    select s.patient_id, s.subject, max(w.fact_id) as id
    from stay s
    join settled w on w.patient_id = s.patient_id and w.about_id = s.id
    where w.is_decision = 0 and w.settled_day >= s.end_day
    group by s.patient_id, s.subject
),
answer as (
    select s.patient_id, s.subject, s.end_day, case when r.id is not null then 'refused' else 'back' end as reason_out,
           case when d.id is not null then 'MET'
                when r.id is not null or s.next_stay_day is not null then 'EXCLUDED'
                else 'DUE' end as status
    from stay s
    left join done d on d.patient_id = s.patient_id and d.subject = s.subject
    left join refused r on r.patient_id = s.patient_id and r.subject = s.subject
),
evidence as (
    select patient_id, subject, 'encounter' as fact_table, id as fact_id, 'stay' as role from stay
    union all
    select patient_id, subject, 'procedure', id, 'reconciliation' from done
    union all
    select patient_id, subject, 'communication', id, 'refusal' from refused
)
select patient_id, subject, status, end_day as opens_on, end_day + 30 as due_on, end_day + 31 as lapses_on,
       end_day + 31 as recheck_on,
       case when status = 'EXCLUDED' then reason_out end as missing,
       end_day as say_home_on,
       case when status = 'MET' then 'the list was reconciled'
            else 'nobody has written down that the list was reconciled' end as say_list
from answer

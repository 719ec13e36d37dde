/* ---
title: One says take it, another says it was stopped
why: Two instructions leave the person to choose between them.
kind: conflict
question: Is {patient} to take {what} or not?
reason: "One source has {what} as taken; another said on {stopped_on} that it was stopped or is not to be taken."
met: "The medicines list was gone through after {stopped_on}, or it was settled which word holds."
missing:
  exact_day: "The day the medicine was ordered, stopped or gone through is known only by its month. Ask the person and the pharmacy."
excluded:
  decided: "It was decided how {what} goes on, or {patient} does not want to talk about it."
next_step: Ask whoever stopped it and whoever ordered it, and give the person one list.
authority: {name: "Joint Commission NPSG.03.06.01, maintain and communicate accurate medication information", edition: "2026",
            url: "https://www.jointcommission.org/standards/national-patient-safety-goals/", valid_from: 2011-07-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: reconcile
harm: 4
needs: [current_medication, person, medication_statement, medication_request, medicine_name, done_procedure,
        value_set_code, settled, settled_pair]
--- */
with
taken as (
    select m.patient_id, n.subject, n.name, m.source_id, m.fact_table, m.fact_id, m.start_day
    from current_medication m
    join person p on p.patient_id = m.patient_id
    join medicine_name n on n.code = m.code
),
ended as (
    select s.patient_id, n.subject, s.source_id, 'medication_statement' as fact_table, s.id as fact_id,
           coalesce(s.asserted_from_day, s.end_from_day, s.start_from_day) as day
    from medication_statement s
    join medicine_name n on n.code = s.code
    where s.same_as = s.id and s.status in ('stopped', 'not-taken')
    union all
    select r.patient_id, n.subject, r.source_id, 'medication_request' as fact_table, r.id as fact_id, r.authored_from_day as day
    from medication_request r
    join medicine_name n on n.code = r.code
    where r.same_as = r.id and r.do_not_perform = 1 and r.status = 'active'
),
-- another source's word, later than the order and within half a year
clashes as (
    select t.patient_id, t.subject, t.name, t.fact_table, t.fact_id, e.fact_table as end_table, e.fact_id as end_id, e.day,
           z.fact_id as settlement_id
    from taken t
    join ended e on e.patient_id = t.patient_id and e.subject = t.subject and e.source_id <> t.source_id
    left join settled_pair z on z.patient_id = t.patient_id and z.one_id = t.fact_id and z.other_id = e.fact_id
    cross join as_of a
    where e.day >= t.start_day and e.day <= a.day and e.day > a.day - 180
),
latest as (
    select patient_id, subject, name, max(day) as day, sum(case when settlement_id is null then 1 else 0 end) as open_ones
    from clashes
    group by patient_id, subject, name
),
reconciled as (
    select l.patient_id, l.subject, max(p.id) as fact_id
    from latest l
    join done_procedure p on p.patient_id = l.patient_id and p.done_from_day >= l.day
    join value_set_code v on v.code = p.code and v.value_set in ('work_medication_reconciliation', 'medication_reconciliation')
    group by l.patient_id, l.subject
),
decided as (
    select c.patient_id, c.subject, max(s.fact_id) as fact_id
    from clashes c
    join settled s on s.patient_id = c.patient_id and (s.about_id = c.fact_id or s.about_id = c.end_id) and s.settled_day >= c.day
    group by c.patient_id, c.subject
),
evidence as (
    select c.patient_id, 'instructions:' || c.subject as subject, c.fact_table, c.fact_id, 'taken' as role
    from clashes c
    union all
    select c.patient_id, 'instructions:' || c.subject as subject, c.end_table as fact_table, c.end_id as fact_id, 'stopped' as role
    from clashes c
    union all
    select r.patient_id, 'instructions:' || r.subject as subject, 'procedure' as fact_table, r.fact_id, 'list gone through' as role
    from reconciled r
    union all
    select c.patient_id, 'instructions:' || c.subject as subject, 'settlement' as fact_table, c.settlement_id as fact_id, 'settled' as role
    from clashes c
    where c.settlement_id is not null
    union all
    select c.patient_id, 'instructions:' || c.subject as subject, s.fact_table, s.fact_id, 'decided' as role
    from clashes c
    join settled s on s.patient_id = c.patient_id and (s.about_id = c.fact_id or s.about_id = c.end_id) and s.settled_day >= c.day
)
select l.patient_id, 'instructions:' || l.subject as subject,
       case when d.fact_id is not null then 'EXCLUDED' when r.fact_id is not null or l.open_ones = 0 then 'MET' else 'DUE' end as status,
       l.day as opens_on, l.day + 7 as due_on, l.day + 180 as lapses_on,
       case when l.day + 180 < a.day + 90 then l.day + 180 else a.day + 90 end as recheck_on,
       case when d.fact_id is not null then 'decided' end as missing, l.name as say_what, l.day as say_stopped_on
from latest l
cross join as_of a
left join reconciled r on r.patient_id = l.patient_id and r.subject = l.subject
left join decided d on d.patient_id = l.patient_id and d.subject = l.subject

/* ---
title: Report back and nobody has read it
why: A specialist's advice that nobody reads changes nothing; the person believes that it is being done.
kind: gap
question: Has the referring clinician read the report on {patient} of {came_on}?
reason: "The report on the referral of {ordered_on}{to} came on {came_on}; nobody has said that they read it."
met: "The report on the referral of {ordered_on}{to} of {came_on} was read."
next_step: Put the report before the referring clinician, and ask what follows for the person.
missing:
  exact_day: "The day of the report, or of what was done about it, is known only by its month. Ask who received it."
excluded:
  declined: "{patient} does not want this referral followed up."
authority: {name: "CMS50 Closing the Referral Loop; 7 days by the Beforehand founders", edition: "2024",
            url: "https://ecqi.healthit.gov/ecqm/ec/2024/cms0050v12", valid_from: 2015-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: result
harm: 3
needs: [placed_referral, referral_report, task_about, outpatient_visit, said_no, value_set_code]
--- */
with
newest as (
    select r.patient_id, r.id, r.fact_table, r.fact_id, r.came_day,
           row_number() over (partition by r.patient_id, r.id order by r.came_day desc nulls last, r.fact_id desc nulls last) as place
    from referral_report r
    cross join as_of a
    where r.came_day > a.day - 90
),
reports as (
    select n.patient_id, n.id, n.fact_table, n.fact_id, n.came_day, o.authored_from_day, o.performer_name, o.requester_id
    from newest n
    join placed_referral o on o.patient_id = n.patient_id and o.id = n.id
    where n.place = 1
),
-- somebody's word about the report or the referral, or a visit with the referring clinician since
was_read as (
    select r.patient_id, r.id, 'task' as fact_table, t.id as fact_id
    from reports r
    join task_about t on t.patient_id = r.patient_id and t.focus_id in (r.id, r.fact_id)
    join value_set_code v on v.code = t.code and v.value_set in ('work_result_acknowledged', 'work_no_follow_up')
    where t.status = 'completed' and t.changed_day >= r.came_day
    union all
    select r.patient_id, r.id, 'encounter' as fact_table, e.id as fact_id
    from reports r
    join outpatient_visit e on e.patient_id = r.patient_id and e.practitioner_id = r.requester_id
    where e.start_from_day > r.came_day
),
declined as (
    select r.patient_id, r.id, n.fact_table, n.fact_id
    from reports r
    join said_no n on n.patient_id = r.patient_id and n.about_id = r.id
),
judged as (
    select r.patient_id, r.id, r.came_day, r.authored_from_day, r.performer_name,
           case when d.id is not null then 'EXCLUDED'
                when w.id is not null then 'MET'
                else 'DUE' end as status
    from reports r
    left join (select distinct patient_id, id from was_read) w on w.patient_id = r.patient_id and w.id = r.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = r.patient_id and d.id = r.id
),
evidence as (
    select r.patient_id, 'order:' || cast(r.id as varchar(20)) as subject, r.fact_table, r.fact_id, 'report' as role
    from reports r
    union all
    select r.patient_id, 'order:' || cast(r.id as varchar(20)) as subject, 'service_request' as fact_table, r.id as fact_id,
           'referral' as role
    from reports r
    union all
    select w.patient_id, 'order:' || cast(w.id as varchar(20)) as subject, w.fact_table, w.fact_id, 'read' as role
    from was_read w
    union all
    select d.patient_id, 'order:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'order:' || cast(j.id as varchar(20)) as subject, j.status, j.came_day + 3 as opens_on,
       j.came_day + 7 as due_on, j.came_day + 90 as lapses_on,
       case when j.came_day < a.day then j.came_day + 90 else a.day + 90 end as recheck_on,
       case when j.status = 'EXCLUDED' then 'declined' end as missing,
       j.authored_from_day as say_ordered_on, j.came_day as say_came_on, coalesce(' to ' || j.performer_name, '') as say_to
from judged j
cross join as_of a

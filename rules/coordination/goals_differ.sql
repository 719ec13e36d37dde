/* ---
title: Two goals that do not go together
why: Two targets for the same value leave the person to choose whose to follow.
kind: conflict
question: Which target for {what} does {patient} follow?
reason: "Two sources give different targets for {what}: {first_target} and {second_target}."
met: "The targets for {what} were gone through."
next_step: Ask both clinicians to agree on one target, and tell the person.
missing:
  unit: "The targets are in different units and cannot be compared."
  exact_day: "The day of a goal, or of going through the plan, is known only by its month. Ask the authors of both."
excluded: {declined: "{patient} does not want to talk about the targets."}
authority: {name: "CMS Chronic Care Management, comprehensive care plan (MLN909188): one plan shared by all", edition: "2025",
            url: "https://www.cms.gov/files/document/chroniccaremanagement.pdf", valid_from: 2015-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: plan
harm: 2
needs: [person, active_goal, task, said_no, value_set_code, concept_words, goal]
--- */
with
pairs as (
    select x.patient_id, x.measure, min(x.id) as first_id, min(y.id) as second_id, count(case when x.target_unit <> y.target_unit then x.id end) as other_units,
           max(case when x.start_from_day > y.start_from_day then x.start_from_day else y.start_from_day end) as day
    from active_goal x
    join active_goal y on y.patient_id = x.patient_id and y.measure = x.measure and y.source_id <> x.source_id and y.id > x.id
    join person p on p.patient_id = x.patient_id
    where x.target_micro <> y.target_micro
    group by x.patient_id, x.measure
),
reviewed as (
    select r.patient_id, r.measure, max(t.id) as fact_id
    from pairs r
    join task t on t.patient_id = r.patient_id and (t.focus_id = r.first_id or t.focus_id = r.second_id)
    join value_set_code v on v.code = t.code and v.value_set = 'work_plan_reviewed'
    cross join as_of a
    where t.status = 'completed' and t.same_as = t.id and t.authored_from_day <= a.day and t.authored_from_day >= coalesce(r.day, t.authored_from_day)
    group by r.patient_id, r.measure
),
declined as (
    select r.patient_id, r.measure, max(n.fact_id) as fact_id
    from pairs r
    join said_no n on n.patient_id = r.patient_id and (n.about_id = r.first_id or n.about_id = r.second_id)
    where n.fact_table = 'communication'
    group by r.patient_id, r.measure
),
named as (
    select r.patient_id, 'goals:' || cast(r.first_id as varchar(20)) as subject, r.measure, r.first_id, r.second_id, r.other_units, r.day,
           v.fact_id as review_id, d.fact_id as no_id
    from pairs r
    left join reviewed v on v.patient_id = r.patient_id and v.measure = r.measure
    left join declined d on d.patient_id = r.patient_id and d.measure = r.measure
),
evidence as (
    select n.patient_id, n.subject, 'goal' as fact_table, n.first_id as fact_id, 'one goal' as role
    from named n
    union all
    select n.patient_id, n.subject, 'goal' as fact_table, n.second_id as fact_id, 'another goal' as role
    from named n
    union all
    select n.patient_id, n.subject, 'task' as fact_table, n.review_id as fact_id, 'gone through' as role
    from named n
    where n.review_id is not null
    union all
    select n.patient_id, n.subject, 'communication' as fact_table, n.no_id as fact_id, 'declined' as role
    from named n
    where n.no_id is not null
)
select n.patient_id, n.subject,
       case when n.no_id is not null then 'EXCLUDED' when n.review_id is not null then 'MET' when n.other_units > 0 then 'UNKNOWN'
            else 'DUE' end as status,
       n.day as opens_on, n.day + 30 as due_on, cast(null as bigint) as lapses_on, a.day + 90 as recheck_on,
       case when n.no_id is not null then 'declined' when n.review_id is not null then null when n.other_units > 0 then 'unit' end as missing,
       coalesce(w.words, 'the same value') as say_what, x.target_text || coalesce(' ' || x.target_unit, '') as say_first_target,
       y.target_text || coalesce(' ' || y.target_unit, '') as say_second_target
from named n
join goal x on x.patient_id = n.patient_id and x.id = n.first_id
join goal y on y.patient_id = n.patient_id and y.id = n.second_id
cross join as_of a
left join concept_words w on w.code = n.measure

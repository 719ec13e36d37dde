/* ---
title: Goal off track
why: A goal that slips is talked about early, while it can still be changed.
kind: risk
question: "What keeps {patient} from the goal: {goal}?"
reason: "The goal {goal}: {how}."
met: "The goal {goal} was gone through since."
next_step: Ask what stands in the way, and change the plan or the goal.
missing:
  unit: "The results and the goal are in different units and cannot be compared."
  exact_day: "The day of a measurement, of the goal or of what was said about it is known only by its month. Ask the person."
excluded: {declined: "{patient} did not want to talk about the goal."}
authority: {name: "CMS Chronic Care Management, comprehensive care plan (MLN909188): measurable goals", edition: "2025",
            url: "https://www.cms.gov/files/document/chroniccaremanagement.pdf", valid_from: 2015-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: plan
harm: 2
needs: [person, active_goal, final_result, task, said_no, value_set_code]
--- */
with
goals as (
    select g.patient_id, g.id, coalesce(g.description, 'of the plan') as goal, g.achievement, g.measure, g.target_micro, g.target_unit,
           g.start_from_day
    from active_goal g
    join person p on p.patient_id = g.patient_id
),
said as (
    select g.patient_id, g.id
    from goals g
    join value_set_code v on v.code = g.achievement and v.value_set = 'goal_slipping'
),
measured as (
    select g.patient_id, g.id, r.id as result_id, r.taken_from_day, r.value_micro, r.value_unit, g.target_micro, g.target_unit,
           row_number() over (partition by g.patient_id, g.id order by r.taken_from_day nulls last, r.id nulls last) as first_place,
           row_number() over (partition by g.patient_id, g.id order by r.taken_from_day desc nulls last, r.id desc nulls last) as last_place
    from goals g
    join final_result r on r.patient_id = g.patient_id and r.code = g.measure and r.taken_from_day >= g.start_from_day
    where r.value_micro is not null and g.target_micro is not null
),
-- the newest value is farther from the target than the first one was, on the same side of it
compared as (
    select m.patient_id, m.id, m.result_id, m.taken_from_day,
           case when m.value_unit <> m.target_unit or f.value_unit <> m.target_unit then 'unit'
                when (f.value_micro > m.target_micro and m.value_micro > f.value_micro)
                     or (f.value_micro < m.target_micro and m.value_micro < f.value_micro) then 'due'
                else 'fine' end as verdict
    from measured m
    join measured f on f.patient_id = m.patient_id and f.id = m.id and f.first_place = 1
    where m.last_place = 1 and f.result_id <> m.result_id
),
slipping as (
    select g.patient_id, g.id, g.goal, s.id as said_id, c.result_id, c.taken_from_day,
           case when s.id is not null then 'due' else c.verdict end as verdict
    from goals g
    left join said s on s.patient_id = g.patient_id and s.id = g.id
    left join compared c on c.patient_id = g.patient_id and c.id = g.id
    where s.id is not null or c.verdict <> 'fine'
),
reviews as (
    select t.patient_id, t.focus_id as goal_id, t.id, t.authored_from_day as day
    from task t
    join value_set_code v on v.code = t.code and v.value_set = 'work_plan_reviewed'
    cross join as_of a
    where t.status = 'completed' and t.same_as = t.id and t.authored_from_day <= a.day
),
declined as (
    select n.patient_id, n.about_id as goal_id, max(n.day) as day, max(n.fact_id) as fact_id
    from said_no n
    where n.fact_table = 'communication'
    group by n.patient_id, n.about_id
),
judged as (
    select g.patient_id, g.id, g.goal, g.said_id, g.result_id, g.verdict, coalesce(g.taken_from_day, a.day) as open_day,
           max(r.id) as review_id, max(d.fact_id) as no_id
    from slipping g
    cross join as_of a
    left join reviews r on r.patient_id = g.patient_id and r.goal_id = g.id and r.day >= coalesce(g.taken_from_day, a.day - 90)
    left join declined d on d.patient_id = g.patient_id and d.goal_id = g.id and d.day >= coalesce(g.taken_from_day, a.day - 90)
    group by g.patient_id, g.id, g.goal, g.said_id, g.result_id, g.verdict, coalesce(g.taken_from_day, a.day)
),
evidence as (
    select j.patient_id, 'goal:' || cast(j.id as varchar(20)) as subject, 'goal' as fact_table, j.id as fact_id, 'goal' as role
    from judged j
    union all
    select j.patient_id, 'goal:' || cast(j.id as varchar(20)) as subject, 'observation' as fact_table, j.result_id as fact_id,
           'newest value' as role
    from judged j
    where j.result_id is not null
    union all
    select j.patient_id, 'goal:' || cast(j.id as varchar(20)) as subject, 'task' as fact_table, j.review_id as fact_id, 'review' as role
    from judged j
    where j.review_id is not null
    union all
    select j.patient_id, 'goal:' || cast(j.id as varchar(20)) as subject, 'communication' as fact_table, j.no_id as fact_id,
           'declined' as role
    from judged j
    where j.no_id is not null
)
select j.patient_id, 'goal:' || cast(j.id as varchar(20)) as subject,
       case when j.no_id is not null then 'EXCLUDED' when j.review_id is not null then 'MET' when j.verdict = 'unit' then 'UNKNOWN'
            else 'DUE' end as status,
       j.open_day as opens_on, j.open_day + 30 as due_on, cast(null as bigint) as lapses_on, a.day + 90 as recheck_on,
       case when j.no_id is not null then 'declined' when j.review_id is not null then null when j.verdict = 'unit' then 'unit' end as missing,
       j.goal as say_goal,
       case when j.said_id is not null then 'it is said to make no headway'
            else 'the newest value is farther from the target than the first one was' end as say_how
from judged j
cross join as_of a

/* ---
title: Goal past its day
why: A goal whose day has gone by without a word tells the person that nobody looks.
kind: deadline
question: "What became of {patient}'s goal: {goal}?"
reason: "The goal {goal} was to be reached by {target_on}; nobody has said since whether it was."
met: "The goal {goal} was gone through after its day, {target_on}."
next_step: Ask how it went, and agree on a new day, another goal, or that it is reached.
missing:
  exact_day: "The day the goal was to be reached, or of what was said since, is known only by its month. Ask the person."
excluded:
  declined: "{patient} did not want to talk about the goal; asked again {opens_on}."
  hospice: "{patient} is in hospice care, where goals are set anew."
authority: {name: "CMS Chronic Care Management, comprehensive care plan (MLN909188): measurable goals", edition: "2025",
            url: "https://www.cms.gov/files/document/chroniccaremanagement.pdf", valid_from: 2015-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: plan
harm: 2
needs: [person, active_goal, task, said_no, hospice_care, value_set_code]
--- */
with
goals as (
    select g.patient_id, g.id, coalesce(g.description, 'of the plan') as goal, g.due_to_day as day
    from active_goal g
    join person p on p.patient_id = g.patient_id
    cross join as_of a
    where g.due_to_day < a.day + 60 and g.due_to_day > a.day - 365
      and not exists (select 1 from value_set_code v where v.code = g.achievement and v.value_set = 'goal_reached')
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
    select g.patient_id, g.id, g.goal, g.day, r.fact_id as review_id, d.day as no_day, d.fact_id as no_id,
           case when h.patient_id is not null then 'hospice' when r.fact_id is not null then 'met'
                when d.day + 90 > a.day then 'declined' else 'due' end as verdict
    from goals g
    cross join as_of a
    left join (select w.patient_id, w.id, max(r.id) as fact_id
               from goals w join reviews r on r.patient_id = w.patient_id and r.goal_id = w.id and r.day > w.day - 14
               group by w.patient_id, w.id) r on r.patient_id = g.patient_id and r.id = g.id
    left join declined d on d.patient_id = g.patient_id and d.goal_id = g.id
    left join (select distinct patient_id from hospice_care) h on h.patient_id = g.patient_id
),
named as (
    select j.patient_id, 'goal:' || cast(j.id as varchar(20)) as subject, j.id, j.goal, j.day, j.review_id, j.no_id, j.verdict,
           case when j.verdict = 'declined' then j.no_day + 90 else j.day + 1 end as open_day
    from judged j
),
evidence as (
    select n.patient_id, n.subject, 'goal' as fact_table, n.id as fact_id, 'goal' as role
    from named n
    union all
    select n.patient_id, n.subject, 'task' as fact_table, n.review_id as fact_id, 'review' as role
    from named n
    where n.verdict = 'met'
    union all
    select n.patient_id, n.subject, 'communication' as fact_table, n.no_id as fact_id, 'declined' as role
    from named n
    where n.verdict = 'declined'
    union all
    select n.patient_id, n.subject, h.fact_table, h.fact_id, 'exclusion' as role
    from named n
    join hospice_care h on h.patient_id = n.patient_id
)
select n.patient_id, n.subject,
       case n.verdict when 'met' then 'MET' when 'due' then 'DUE' else 'EXCLUDED' end as status,
       n.open_day as opens_on, n.open_day + 14 as due_on, n.day + 365 as lapses_on,
       case when n.verdict = 'declined' then n.open_day
            when n.day + 365 < a.day + 90 then n.day + 365 else a.day + 90 end as recheck_on,
       case n.verdict when 'declined' then 'declined' when 'hospice' then 'hospice' end as missing,
       n.goal as say_goal, n.day as say_target_on
from named n
cross join as_of a

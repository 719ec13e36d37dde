/* ---
title: Plan of care not reviewed for a year
why: A plan that nobody looks at again stops fitting the person.
kind: deadline
question: Has {patient}'s care plan been gone through this year?
reason: "{plan}: last agreed or gone through {last_on}; due every 12 months."
met: "{plan}: last agreed or gone through {last_on}; again in 12 months."
next_step: Go through the plan with the person and say what changed.
missing:
  date: "Nobody says clearly when the plan was written or last gone through."
  old: "{plan}: last agreed or gone through {last_on}, more than three years ago; perhaps nobody follows it any more."
  exact_day: "The day the plan was agreed, gone through or ends is known only by its month. Ask the plan's author."
excluded:
  declined: "{patient} did not want to go through the plan; asked again {opens_on}."
  hospice: "{patient} is in hospice care, which has a plan of its own."
authority: {name: "CMS Chronic Care Management, comprehensive care plan (MLN909188)", edition: "2025",
            url: "https://www.cms.gov/files/document/chroniccaremanagement.pdf", valid_from: 2015-01-01}
notes: Three years, after which an untouched plan is taken for forgotten rather than overdue, is a project choice.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: plan
harm: 2
needs: [person, active_plan, task, said_no, hospice_care, concept_words, calendar, value_set_code]
--- */
-- A plan nobody has looked at for more than three years is perhaps no plan any more: UNKNOWN, no work.
with
plans as (
    select c.patient_id, c.id, coalesce(c.title, w.words, 'Plan of care') as plan,
           coalesce(c.created_from_day, c.start_from_day) as from_day, coalesce(c.created_to_day, c.start_to_day) as to_day,
           row_number() over (partition by c.patient_id
                              order by coalesce(c.created_to_day, c.start_to_day) desc nulls last, c.id desc nulls last) as place
    from active_plan c
    join person p on p.patient_id = c.patient_id
    join value_set_code v on v.code = c.code and v.value_set = 'long_term_plan'
    left join concept_words w on w.code = c.code
),
reviews as (
    select t.patient_id, t.id, t.authored_from_day as from_day, t.authored_to_day as to_day
    from task t
    join value_set_code v on v.code = t.code and v.value_set = 'work_plan_reviewed'
    cross join as_of a
    where t.status = 'completed' and t.same_as = t.id and t.authored_from_day <= a.day
),
looked as (
    select patient_id, from_day, to_day from plans
    union all
    select patient_id, from_day, to_day from reviews
),
last_look as (
    select patient_id, max(from_day) as sure_day, max(to_day) as last_day
    from looked
    group by patient_id
),
declined as (
    select p.patient_id, n.day, n.fact_table, n.fact_id
    from plans p
    join said_no n on n.patient_id = p.patient_id and n.about_id = p.id
    cross join as_of a
    where n.day + 365 > a.day
),
-- the day on which the last look is a year old: surely, and at the latest
ends as (
    select l.patient_id, l.last_day,
           until.day - 1 + case when sure.day_of_month > until.days_in_month then until.days_in_month
                                else sure.day_of_month end as sure_until,
           latest.day - 1 + case when possible.day_of_month > latest.days_in_month then latest.days_in_month
                                 else possible.day_of_month end as last_until
    from last_look l
    left join calendar sure on sure.calendar_id = 1 and sure.day = l.sure_day
    left join calendar until on until.calendar_id = 1 and until.month_index = sure.month_index + 12
        and until.day_of_month = 1
    left join calendar possible on possible.calendar_id = 1 and possible.day = l.last_day
    left join calendar latest on latest.calendar_id = 1 and latest.month_index = possible.month_index + 12
        and latest.day_of_month = 1
),
judged as (
    select p.patient_id, p.id, p.plan, e.last_day, e.sure_until, e.last_until, d.until_day,
           case when h.patient_id is not null then 'hospice'
                when e.sure_until > a.day then 'met'
                when d.until_day is not null then 'declined'
                when e.last_day is null or e.last_until > a.day then 'unknown'
                when e.last_day + 1095 < a.day then 'old'
                else 'due' end as verdict
    from plans p
    join ends e on e.patient_id = p.patient_id
    cross join as_of a
    left join (select distinct patient_id from hospice_care) h on h.patient_id = p.patient_id
    left join (select patient_id, max(day) + 365 as until_day from declined group by patient_id) d
        on d.patient_id = p.patient_id
    where p.place = 1
),
dated as (
    select j.patient_id, j.id, j.plan, j.last_day, j.verdict, 'plan:' || cast(j.id as varchar(20)) as subject,
           case j.verdict when 'met' then j.sure_until when 'declined' then j.until_day
                          when 'unknown' then j.sure_until when 'due' then j.last_until
                          when 'old' then j.last_until end as open_day,
           case j.verdict when 'met' then j.sure_until when 'declined' then j.until_day
                          when 'unknown' then j.last_until when 'due' then j.last_day + 1096 end as next_day
    from judged j
),
evidence as (
    select d.patient_id, d.subject, 'care_plan' as fact_table, d.id as fact_id, 'plan' as role
    from dated d
    union all
    select d.patient_id, d.subject, 'task' as fact_table, r.id as fact_id, 'review' as role
    from dated d
    join reviews r on r.patient_id = d.patient_id and r.to_day = d.last_day
    union all
    select d.patient_id, d.subject, n.fact_table, n.fact_id, 'declined' as role
    from dated d
    join declined n on n.patient_id = d.patient_id
    union all
    select d.patient_id, d.subject, h.fact_table, h.fact_id, 'exclusion' as role
    from dated d
    join hospice_care h on h.patient_id = d.patient_id
)
select d.patient_id, d.subject,
       case d.verdict when 'met' then 'MET' when 'due' then 'DUE' when 'unknown' then 'UNKNOWN'
                      when 'old' then 'UNKNOWN' else 'EXCLUDED' end as status,
       d.open_day as opens_on, d.open_day + 30 as due_on, cast(null as bigint) as lapses_on,
       case when d.next_day < a.day + 90 then d.next_day else a.day + 90 end as recheck_on,
       case d.verdict when 'unknown' then 'date' when 'old' then 'old' when 'declined' then 'declined' when 'hospice' then 'hospice' end as missing,
       d.plan as say_plan, d.last_day as say_last_on
from dated d
cross join as_of a

/* ---
title: To be asked again today
why: Who said not now, but later, is asked on the day they named, and not before.
kind: question
question: "{patient} wanted to be asked again on {asked_on}: {what}?"
reason: "{patient} wanted to be asked again from {asked_on} on: {what}."
met: "{patient} was asked again."
missing:
  exact_day: "The day to ask again, or of what was said since, is known only by its month. Ask the person."
excluded:
  waiting: "{patient} wants to be left alone about it until {asked_on}."
  declined: "{patient} said no for good."
next_step: Ask again.
authority: {name: "Own standard: a no stays a no until the day the person named", edition: "2026",
            url: "https://www.ahrq.gov/ncepcr/care/coordination.html", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 1
needs: [person, task, contact_made, said_no, value_set_code]
--- */
with
waits as (
    select t.patient_id, t.id, t.start_from_day as day, t.description
    from task t
    join person p on p.patient_id = t.patient_id
    join value_set_code v on v.code = t.code and v.value_set = 'work_ask_again'
    cross join as_of a
    where t.same_as = t.id and t.status in ('requested', 'accepted', 'on-hold', 'ready') and t.authored_from_day <= a.day
      and t.start_from_day > a.day - 90
),
asked as (
    select w.patient_id, w.id, max(c.id) as fact_id
    from waits w
    join contact_made c on c.patient_id = w.patient_id and c.about_id = w.id and c.sent_from_day >= w.day
    group by w.patient_id, w.id
),
declined as (
    select w.patient_id, w.id, max(n.fact_id) as fact_id
    from waits w
    join said_no n on n.patient_id = w.patient_id and n.about_id = w.id and n.day >= w.day
    group by w.patient_id, w.id
),
judged as (
    select w.patient_id, 'ask-again:' || cast(w.id as varchar(20)) as subject, w.id, w.day, w.description, k.fact_id as asked_id,
           d.fact_id as no_id,
           case when d.fact_id is not null then 'declined' when k.fact_id is not null then 'met' when w.day > a.day then 'waiting'
                else 'due' end as verdict
    from waits w
    cross join as_of a
    left join asked k on k.patient_id = w.patient_id and k.id = w.id
    left join declined d on d.patient_id = w.patient_id and d.id = w.id
),
evidence as (
    select j.patient_id, j.subject, 'task' as fact_table, j.id as fact_id, 'asked to wait' as role
    from judged j
    union all
    select j.patient_id, j.subject, 'communication' as fact_table, coalesce(j.no_id, j.asked_id) as fact_id, 'asked again' as role
    from judged j
    where j.no_id is not null or j.asked_id is not null
)
select j.patient_id, j.subject,
       case j.verdict when 'declined' then 'EXCLUDED' when 'met' then 'MET' when 'waiting' then 'EXCLUDED' else 'DUE' end as status,
       j.day as opens_on, j.day + 7 as due_on, j.day + 90 as lapses_on,
       case when j.verdict <> 'waiting' then j.day + 90 when j.day < a.day + 90 then j.day else a.day + 90 end as recheck_on,
       case j.verdict when 'declined' then 'declined' when 'waiting' then 'waiting' end as missing,
       j.day as say_asked_on, coalesce(j.description, 'what was put off') as say_what
from judged j
cross join as_of a

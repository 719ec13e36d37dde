/* ---
title: New medicine not said back
why: With blood thinners, insulin, opioids and a few others a misunderstanding does harm within days.
kind: gap
question: Can {patient} say in their own words how to take {what}?
reason: "{what} is new since {since_on}; nobody noted that the person said in their own words how to take it."
met: "How to take {what} was said back in their own words."
next_step: Ask the person to tell in their own words what it is for, how to take it and what to watch for.
missing:
  exact_day: "The day of the prescription, or of the talk about it, is known only by its month. Ask the person."
excluded: {declined: "{patient} did not want to go through it."}
authority: {name: "AHRQ Health Literacy Universal Precautions Toolkit, tool 5: teach-back", edition: "2024 (3rd)",
            url: "https://www.ahrq.gov/health-literacy/improve/precautions/tool5.html", valid_from: 2010-04-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 3
needs: [person, current_medication, medication_request, medicine, medicine_name, ingredient_class, contact_made,
        said_no, value_set_code]
--- */
with
risky as (
    select m.patient_id, n.subject, n.name, min(m.start_day) as since_day, min(m.fact_id) as fact_id
    from current_medication m
    join person p on p.patient_id = m.patient_id
    join medicine i on i.code = m.code
    join ingredient_class k on k.ingredient = i.ingredient
    join medicine_name n on n.code = m.code
    where k.class_name in ('doac', 'vitamin_k_antagonist', 'heparin', 'insulin_basal', 'insulin_rapid', 'opioid')
      and m.fact_table = 'medication_request'
    group by m.patient_id, n.subject, n.name
),
-- new: first ordered in the last 21 days, and not ordered before, by anybody
fresh as (
    select r.patient_id, r.subject, r.name, r.since_day, r.fact_id
    from risky r
    cross join as_of a
    where r.since_day > a.day - 21
      and not exists (select 1 from medication_request o
                      join medicine_name n on n.code = o.code
                      where o.patient_id = r.patient_id and n.subject = r.subject and o.authored_from_day < r.since_day
                        and o.status in ('active', 'on-hold', 'completed', 'stopped'))
),
taught as (
    select c.patient_id, c.id, c.sent_from_day as day, c.about_id
    from contact_made c
    where exists (select 1 from value_set_code v
                  where v.value_set = 'work_teach_back' and (v.code = c.code or v.code = c.topic))
),
marked as (
    select f.patient_id, f.subject, max(t.id) as fact_id
    from fresh f
    join taught t on t.patient_id = f.patient_id and t.day >= f.since_day and coalesce(t.about_id, f.fact_id) = f.fact_id
    group by f.patient_id, f.subject
),
declined as (
    select n.patient_id, n.about_id, max(n.fact_id) as fact_id
    from said_no n
    where n.fact_table = 'communication'
    group by n.patient_id, n.about_id
),
judged as (
    select f.patient_id, 'understood:' || f.subject as subject, f.name, f.since_day, f.fact_id, m.fact_id as taught_id, d.fact_id as no_id
    from fresh f
    left join marked m on m.patient_id = f.patient_id and m.subject = f.subject
    left join declined d on d.patient_id = f.patient_id and d.about_id = f.fact_id
),
evidence as (
    select j.patient_id, j.subject, 'medication_request' as fact_table, j.fact_id, 'medicine' as role
    from judged j
    union all
    select j.patient_id, j.subject, 'communication' as fact_table, coalesce(j.taught_id, j.no_id) as fact_id, 'said back' as role
    from judged j
    where j.taught_id is not null or j.no_id is not null
)
select j.patient_id, j.subject,
       case when j.taught_id is not null then 'MET' when j.no_id is not null then 'EXCLUDED' else 'DUE' end as status,
       j.since_day as opens_on, j.since_day + 7 as due_on, j.since_day + 21 as lapses_on, j.since_day + 21 as recheck_on,
       case when j.taught_id is null and j.no_id is not null then 'declined' end as missing,
       j.name as say_what, j.since_day as say_since_on
from judged j

/* ---
title: Discharge instructions not said back
why: Nearly half of what is told on leaving hospital is forgotten the same day; saying it back in their own words shows what stuck.
kind: gap
question: Could {patient} say in their own words what to do after the stay?
reason: "{patient} came home on {home_on}; nobody noted that the instructions were said back in their own words."
met: "The instructions were said back in their own words."
next_step: In the next call ask the person to tell in their own words what to take, what to watch for and whom to call.
missing:
  day: "The day of coming home is not exact."
  exact_day: "The day of coming home, or of the talk about the instructions, is known only by its month. Ask the person."
excluded: {declined: "{patient} did not want to go through the instructions."}
authority: {name: "AHRQ Health Literacy Universal Precautions Toolkit, tool 5: teach-back", edition: "2024 (3rd)",
            url: "https://www.ahrq.gov/health-literacy/improve/precautions/tool5.html", valid_from: 2010-04-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
folds_into: contact_two_business_days
harm: 2
needs: [homecoming, contact_made, said_no, value_set_code]
--- */
with
stays as (
    select h.patient_id, h.id, h.end_day, h.is_exact
    from homecoming h
    cross join as_of a
    where h.end_day > a.day - 14 and h.next_stay_day is null
),
taught as (
    select c.patient_id, c.id, c.sent_from_day as day, c.about_id
    from contact_made c
    where exists (select 1 from value_set_code v
                  where v.value_set = 'work_teach_back' and (v.code = c.code or v.code = c.topic))
),
marked as (
    select s.patient_id, s.id, max(t.id) as fact_id
    from stays s
    join taught t on t.patient_id = s.patient_id and t.day >= s.end_day
    group by s.patient_id, s.id
),
declined as (
    select n.patient_id, n.about_id, max(n.fact_id) as fact_id
    from said_no n
    where n.fact_table = 'communication'
    group by n.patient_id, n.about_id
),
judged as (
    select s.patient_id, 'understood:' || cast(s.id as varchar(20)) as subject, s.id, s.end_day, m.fact_id as taught_id,
           d.fact_id as no_id,
           case when m.fact_id is not null then 'met' when d.fact_id is not null then 'declined' when s.is_exact = 0 then 'day'
                else 'due' end as verdict
    from stays s
    left join marked m on m.patient_id = s.patient_id and m.id = s.id
    left join declined d on d.patient_id = s.patient_id and d.about_id = s.id
),
evidence as (
    select j.patient_id, j.subject, 'encounter' as fact_table, j.id as fact_id, 'stay' as role
    from judged j
    union all
    select j.patient_id, j.subject, 'communication' as fact_table, coalesce(j.taught_id, j.no_id) as fact_id, 'said back' as role
    from judged j
    where j.taught_id is not null or j.no_id is not null
)
select j.patient_id, j.subject,
       case j.verdict when 'met' then 'MET' when 'declined' then 'EXCLUDED' when 'day' then 'UNKNOWN' else 'DUE' end as status,
       j.end_day as opens_on, j.end_day + 7 as due_on, j.end_day + 14 as lapses_on, j.end_day + 14 as recheck_on,
       case j.verdict when 'declined' then 'declined' when 'day' then 'day' end as missing, j.end_day as say_home_on
from judged j

/* ---
title: Visit that needs preparation
why: An unprepared visit is a visit lost.
kind: gap
question: Is {patient} prepared for {visit} on {visit_on}?
reason: "{visit} is on {visit_on}."
next_step: Go through the preparation.
missing:
  exact_day: "The day of the visit is known only by its month, and it may be over. Ask the office for the day."
excluded:
  declined: "{patient} does not want this visit as it stands."
authority: {name: named in each row, edition: "", url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: Written from the guidance as known; the pages were not opened on the day of writing; the addresses are those of the bodies.
family: knowledge/visit_preparations.csv
whole: [opens_days, business_days]
step_kind: call
needs: [visit_ahead, visit_service, contact_made, said_no, calendar, value_set_code]
--- */
with
visits as (
    select distinct f.rule_id, v.patient_id, v.id
    from visit_service v
    join value_set_code s on s.code = v.code
    join family f on f.visit_set = s.value_set
),
-- told by us, or written with the booking
told as (
    select v.rule_id, v.patient_id, v.id, 'communication' as fact_table, c.id as fact_id
    from visits v
    join contact_made c on c.patient_id = v.patient_id and c.about_id = v.id
    join value_set_code w on w.code = c.topic and w.value_set = 'work_preparation'
    union all
    select v.rule_id, v.patient_id, v.id, 'appointment' as fact_table, v.id as fact_id
    from visits v
    join visit_ahead b on b.patient_id = v.patient_id and b.id = v.id
    where b.instructions is not null
),
declined as (
    select v.rule_id, v.patient_id, v.id, n.fact_table, n.fact_id
    from visits v
    join said_no n on n.patient_id = v.patient_id and n.about_id = v.id
),
judged as (
    select v.rule_id, v.patient_id, v.id, b.day, b.over_day, b.visit, b.calendar_id, f.opens_days, f.business_days,
           case when d.id is not null then 'EXCLUDED'
                when t.id is not null then 'MET'
                else 'DUE' end as status
    from visits v
    join family f on f.rule_id = v.rule_id
    join visit_ahead b on b.patient_id = v.patient_id and b.id = v.id
    left join (select distinct patient_id, id from told) t on t.patient_id = v.patient_id and t.id = v.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = v.patient_id and d.id = v.id
),
evidence as (
    select v.rule_id, v.patient_id, 'preparation:' || cast(v.id as varchar(20)) as subject, 'appointment' as fact_table,
           v.id as fact_id, 'visit' as role
    from visits v
    union all
    select t.rule_id, t.patient_id, 'preparation:' || cast(t.id as varchar(20)) as subject, t.fact_table, t.fact_id,
           'told' as role
    from told t
    union all
    select d.rule_id, d.patient_id, 'preparation:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id,
           'declined' as role
    from declined d
)
select j.rule_id, j.patient_id, 'preparation:' || cast(j.id as varchar(20)) as subject, j.status,
       j.day - j.opens_days as opens_on, ahead.day as due_on, j.over_day as lapses_on,
       case when j.over_day < a.day + 90 then j.over_day else a.day + 90 end as recheck_on,
       case when j.status = 'EXCLUDED' then 'declined' end as missing,
       'appointment:' || cast(j.id as varchar(20)) as blocks,
       j.visit as say_visit, j.day as say_visit_on
from judged j
cross join as_of a
join calendar c on c.calendar_id = j.calendar_id and c.day = j.day
join calendar ahead on ahead.calendar_id = j.calendar_id and ahead.is_business = 1
    and ahead.business_index = c.business_index - c.is_business + 1 - j.business_days

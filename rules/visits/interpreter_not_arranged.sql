/* ---
title: Visit without an interpreter
why: Without an interpreter the visit becomes guessing, and consent is none; relatives are no substitute.
kind: gap
question: Is an interpreter arranged for {patient} at {visit} on {visit_on}?
reason: "{patient} needs an interpreter; none is arranged for {visit} on {visit_on}."
met: "An interpreter is arranged for {visit} on {visit_on}."
next_step: Call the office and ask for an interpreter, in the language and for the length of the visit.
missing:
  interpreter: "Their language is not English, and nobody says whether they want an interpreter."
  exact_day: "The day of the visit is known only by its month, and it may be over. Ask the office for the day."
excluded:
  declined: "{patient} wants no interpreter at this visit."
authority: {name: "Section 1557, 45 CFR 92.201: language assistance free of charge; 3 business days ahead by the Beforehand founders",
            edition: "2024", url: "https://www.ecfr.gov/current/title-45/section-92.201", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: Written from the regulation as known; the page was not opened on the day of writing.
unknown: ask
step_kind: call
harm: 3
needs: [person, visit_ahead, contact_made, said_no, calendar, value_set_code]
--- */
with
visits as (
    select v.patient_id, v.id, v.day, v.over_day, v.visit, v.calendar_id, v.needs_interpreter
    from visit_ahead v
    join person p on p.patient_id = v.patient_id
    left join value_set_code e on e.code = p.language and e.value_set = 'english'
    where v.needs_interpreter = 1 or (v.needs_interpreter is null and p.language is not null and e.code is null)
),
arranged as (
    select v.patient_id, v.id, c.id as fact_id
    from visits v
    join contact_made c on c.patient_id = v.patient_id and c.about_id = v.id
    join value_set_code w on w.code = c.topic and w.value_set = 'work_interpreter'
),
declined as (
    select v.patient_id, v.id, n.fact_table, n.fact_id
    from visits v
    join said_no n on n.patient_id = v.patient_id and n.about_id = v.id
),
judged as (
    select v.patient_id, v.id, v.day, v.over_day, v.visit, v.calendar_id,
           'interpreter:' || cast(v.id as varchar(20)) as subject,
           case when d.id is not null then 'EXCLUDED'
                when b.id is not null then 'MET'
                when v.needs_interpreter is null then 'UNKNOWN'
                else 'DUE' end as status
    from visits v
    left join (select distinct patient_id, id from arranged) b on b.patient_id = v.patient_id and b.id = v.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = v.patient_id and d.id = v.id
),
evidence as (
    select v.patient_id, 'interpreter:' || cast(v.id as varchar(20)) as subject, 'appointment' as fact_table,
           v.id as fact_id, 'visit' as role
    from visits v
    union all
    select b.patient_id, 'interpreter:' || cast(b.id as varchar(20)) as subject, 'communication' as fact_table,
           b.fact_id, 'arranged' as role
    from arranged b
    union all
    select d.patient_id, 'interpreter:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, j.subject, j.status, j.day - 14 as opens_on, ahead.day as due_on, j.over_day as lapses_on,
       case when j.over_day < a.day + 90 then j.over_day else a.day + 90 end as recheck_on,
       case j.status when 'UNKNOWN' then 'interpreter' when 'EXCLUDED' then 'declined' end as missing,
       'appointment:' || cast(j.id as varchar(20)) as blocks,
       j.visit as say_visit, j.day as say_visit_on
from judged j
cross join as_of a
join calendar c on c.calendar_id = j.calendar_id and c.day = j.day
join calendar ahead on ahead.calendar_id = j.calendar_id and ahead.is_business = 1
    and ahead.business_index = c.business_index - c.is_business - 2

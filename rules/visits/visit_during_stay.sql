/* ---
title: Visit booked while in the hospital
why: The slot is lost, the person counts as a no-show, and what the visit was for waits for weeks more.
kind: conflict
question: Can {patient}'s {visit} on {visit_on} be moved?
reason: "{patient} is in the hospital since {since_on}{place}; {visit} is booked for {visit_on}."
met: "The office was told about the hospital stay; {visit} is on {visit_on}."
next_step: Call the office, say that the person is in the hospital, and move the visit or turn it into a follow-up after discharge.
missing:
  exact_day: "The day of the visit, or the day the stay began, is known only by its month. Ask the office and the ward."
excluded:
  keep: "{patient} or the care team wants the visit to stand."
authority: {name: "Beforehand founders: the next 4 days of a stay", edition: "1",
            url: "https://www.ahrq.gov/ncepcr/care/coordination.html", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 2
needs: [current_stay, visit_ahead, contact_made, said_no]
--- */
with
-- visits booked before the stay began; one booked during it is meant for afterwards
visits as (
    select v.patient_id, v.id, v.day, v.over_day, v.visit, min(s.start_from_day) as since_day, min(s.id) as stay_id
    from current_stay s
    join visit_ahead v on v.patient_id = s.patient_id
    cross join as_of a
    where v.day <= a.day + 4 and (v.created_from_day is null or v.created_from_day < s.start_from_day)
    group by v.patient_id, v.id, v.day, v.over_day, v.visit
),
told as (
    select v.patient_id, v.id, c.id as fact_id
    from visits v
    join contact_made c on c.patient_id = v.patient_id and c.about_id = v.id and c.sent_from_day >= v.since_day
),
keeps as (
    select v.patient_id, v.id, n.fact_table, n.fact_id
    from visits v
    join said_no n on n.patient_id = v.patient_id and n.about_id = v.id
),
judged as (
    select v.patient_id, v.id, v.day, v.over_day, v.visit, v.since_day, s.place_name,
           case when k.id is not null then 'EXCLUDED'
                when t.id is not null then 'MET'
                else 'DUE' end as status
    from visits v
    join current_stay s on s.patient_id = v.patient_id and s.id = v.stay_id
    left join (select distinct patient_id, id from told) t on t.patient_id = v.patient_id and t.id = v.id
    left join (select distinct patient_id, id from keeps) k on k.patient_id = v.patient_id and k.id = v.id
),
evidence as (
    select v.patient_id, 'move:' || cast(v.id as varchar(20)) as subject, 'appointment' as fact_table, v.id as fact_id,
           'visit' as role
    from visits v
    union all
    select v.patient_id, 'move:' || cast(v.id as varchar(20)) as subject, 'encounter' as fact_table, v.stay_id as fact_id,
           'stay' as role
    from visits v
    union all
    select t.patient_id, 'move:' || cast(t.id as varchar(20)) as subject, 'communication' as fact_table, t.fact_id,
           'told' as role
    from told t
    union all
    select k.patient_id, 'move:' || cast(k.id as varchar(20)) as subject, k.fact_table, k.fact_id, 'stands' as role
    from keeps k
)
select j.patient_id, 'move:' || cast(j.id as varchar(20)) as subject, j.status,
       case when j.since_day > j.day - 4 then j.since_day else j.day - 4 end as opens_on, j.day - 1 as due_on,
       j.over_day as lapses_on, case when j.over_day < a.day + 90 then j.over_day else a.day + 90 end as recheck_on,
       case when j.status = 'EXCLUDED' then 'keep' end as missing,
       'appointment:' || cast(j.id as varchar(20)) as blocks,
       j.visit as say_visit, j.day as say_visit_on, j.since_day as say_since_on,
       coalesce(' (' || j.place_name || ')', '') as say_place
from judged j
cross join as_of a

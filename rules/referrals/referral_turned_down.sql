/* ---
title: Referral turned down
why: The office said no and the reason for the referral remains; nobody looks for another unless somebody is told.
kind: gap
question: Who else can see {patient}, now that the referral was turned down?
reason: "On {told_on} the office{to} turned the referral of {ordered_on} down; no other has it yet."
met: "On {told_on} the office{to} turned the referral down; it is under way elsewhere or booked."
next_step: Ask why, then ask the referring clinician to send it to another office or to change the request.
missing:
  exact_day: "The day the office said no, or of what was done since, is known only by its month. Ask the office."
excluded:
  declined: "{patient} does not want this referral any more."
authority: {name: "CMS50 Closing the Referral Loop; 3 days by the Beforehand founders", edition: "2024",
            url: "https://ecqi.healthit.gov/ecqm/ec/2024/cms0050v12", valid_from: 2015-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: referral
harm: 4
needs: [placed_referral, task_about, future_appointment, kept_appointment, said_no]
--- */
with
refused as (
    select r.patient_id, r.id, r.authored_from_day, r.performer_name, t.id as task_id, t.changed_day as day,
           row_number() over (partition by r.patient_id, r.id
                              order by t.changed_day desc nulls last, t.id desc nulls last) as place
    from placed_referral r
    join task_about t on t.patient_id = r.patient_id and t.focus_id = r.id
    where r.status = 'active' and t.status in ('rejected', 'failed')
),
newest as (
    select patient_id, id, authored_from_day, performer_name, task_id, day
    from refused
    where place = 1
),
-- sent on or taken up since, booked or seen
onward as (
    select n.patient_id, n.id, 'task' as fact_table, t.id as fact_id
    from newest n
    join task_about t on t.patient_id = n.patient_id and t.focus_id = n.id
    where t.status not in ('rejected', 'failed') and t.changed_day >= n.day
    union all
    select n.patient_id, n.id, 'appointment' as fact_table, b.id as fact_id
    from newest n
    join future_appointment b on b.patient_id = n.patient_id and b.order_id = n.id
    where b.status in ('booked', 'pending')
    union all
    select n.patient_id, n.id, 'appointment' as fact_table, k.id as fact_id
    from newest n
    join kept_appointment k on k.patient_id = n.patient_id and k.order_id = n.id
),
declined as (
    select n.patient_id, n.id, s.fact_table, s.fact_id
    from newest n
    join said_no s on s.patient_id = n.patient_id and s.about_id = n.id
),
judged as (
    select n.patient_id, n.id, n.authored_from_day, n.performer_name, n.day,
           case when d.id is not null then 'EXCLUDED'
                when o.id is not null then 'MET'
                else 'DUE' end as status
    from newest n
    left join (select distinct patient_id, id from onward) o on o.patient_id = n.patient_id and o.id = n.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = n.patient_id and d.id = n.id
),
evidence as (
    select n.patient_id, 'order:' || cast(n.id as varchar(20)) as subject, 'service_request' as fact_table,
           n.id as fact_id, 'referral' as role
    from newest n
    union all
    select n.patient_id, 'order:' || cast(n.id as varchar(20)) as subject, 'task' as fact_table, n.task_id as fact_id,
           'turned down' as role
    from newest n
    union all
    select o.patient_id, 'order:' || cast(o.id as varchar(20)) as subject, o.fact_table, o.fact_id, 'onward' as role
    from onward o
    union all
    select d.patient_id, 'order:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'order:' || cast(j.id as varchar(20)) as subject, j.status, j.day as opens_on, j.day + 3 as due_on,
       cast(null as bigint) as lapses_on, a.day + 90 as recheck_on,
       case when j.status = 'EXCLUDED' then 'declined' end as missing,
       j.authored_from_day as say_ordered_on, j.day as say_told_on, coalesce(' of ' || j.performer_name, '') as say_to
from judged j
cross join as_of a

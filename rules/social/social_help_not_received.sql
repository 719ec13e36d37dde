/* ---
title: Social service accepted, and nothing has come
why: Accepted is not received; waiting lists and closed kitchens look the same from afar.
kind: gap
question: Has {patient} received {help}?
reason: "{who} accepted the ask for {help} on {accepted_on}; nothing says that it has come."
met: "{who} accepted the ask for {help} on {accepted_on}, and says that it was given."
next_step: Ask the person whether it has come; if not, ask the service when it will.
missing:
  exact_day: "The day the ask was accepted, or of what came since, is known only by its month. Ask the person."
excluded:
  declined: "{patient} does not want this help any more."
authority: {name: "Gravity Project, SDOH Clinical Care, closed loop; 14 days by the Beforehand founders", edition: "STU 2.1",
            url: "https://hl7.org/fhir/us/sdoh-clinicalcare/", valid_from: 2018-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: referral
harm: 3
needs: [social_referral, task_about, kept_appointment, contact_made, said_no]
--- */
with
accepted as (
    select r.patient_id, r.id, r.help, t.id as task_id, t.changed_day as day, coalesce(t.owner_name, r.performer_name) as who,
           row_number() over (partition by r.patient_id, r.id order by t.changed_day nulls last, t.id nulls last) as place
    from social_referral r
    join task_about t on t.patient_id = r.patient_id and t.focus_id = r.id
    cross join as_of a
    where r.status = 'active' and t.status in ('accepted', 'ready', 'in-progress') and t.changed_day > a.day - 180
),
asks as (
    select patient_id, id, help, task_id, day, who
    from accepted
    where place = 1
),
-- given by their word, or by the person's: kept for the ask, or spoken with them about it since
received as (
    select q.patient_id, q.id, 'task' as fact_table, t.id as fact_id
    from asks q
    join task_about t on t.patient_id = q.patient_id and t.focus_id = q.id
    where t.status = 'completed' and t.changed_day >= q.day
    union all
    select q.patient_id, q.id, 'appointment' as fact_table, k.id as fact_id
    from asks q
    join kept_appointment k on k.patient_id = q.patient_id and k.order_id = q.id
    union all
    select q.patient_id, q.id, 'communication' as fact_table, c.id as fact_id
    from asks q
    join contact_made c on c.patient_id = q.patient_id and c.about_id = q.id
    where c.sent_from_day >= q.day + 14
),
declined as (
    select q.patient_id, q.id, n.fact_table, n.fact_id
    from asks q
    join said_no n on n.patient_id = q.patient_id and n.about_id = q.id
),
judged as (
    select q.patient_id, q.id, q.help, q.day, q.who,
           case when d.id is not null then 'EXCLUDED'
                when g.id is not null then 'MET'
                else 'DUE' end as status
    from asks q
    left join (select distinct patient_id, id from received) g on g.patient_id = q.patient_id and g.id = q.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = q.patient_id and d.id = q.id
),
evidence as (
    select q.patient_id, 'order:' || cast(q.id as varchar(20)) as subject, 'service_request' as fact_table,
           q.id as fact_id, 'ask' as role
    from asks q
    union all
    select q.patient_id, 'order:' || cast(q.id as varchar(20)) as subject, 'task' as fact_table, q.task_id as fact_id,
           'accepted' as role
    from asks q
    union all
    select g.patient_id, 'order:' || cast(g.id as varchar(20)) as subject, g.fact_table, g.fact_id, 'received' as role
    from received g
    union all
    select d.patient_id, 'order:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'order:' || cast(j.id as varchar(20)) as subject, j.status, j.day + 14 as opens_on,
       j.day + 21 as due_on, j.day + 180 as lapses_on,
       case when j.day < a.day - 90 then j.day + 180 else a.day + 90 end as recheck_on,
       case when j.status = 'EXCLUDED' then 'declined' end as missing,
       j.day as say_accepted_on, coalesce(j.who, 'The service') as say_who, j.help as say_help
from judged j
cross join as_of a

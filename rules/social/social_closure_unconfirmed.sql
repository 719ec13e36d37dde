/* ---
title: Help reported as given, and the person not asked
why: One in several "closed" asks never reached the person; only they know whether it helped.
kind: question
question: Did {help} reach {patient}, and was it enough?
reason: "{who} reported {help} as given on {given_on}; nobody has asked {patient} since."
met: "{who} reported {help} as given on {given_on}, and {patient} was spoken with since."
next_step: Ask the person whether it came, whether it was enough, and what is still missing.
missing:
  exact_day: "The day the help was given, or of a talk since, is known only by its month. Ask the person."
excluded:
  declined: "{patient} did not want to speak about it."
authority: {name: "Gravity Project, SDOH Clinical Care, closed loop; 14 days by the Beforehand founders", edition: "STU 2.1",
            url: "https://hl7.org/fhir/us/sdoh-clinicalcare/", valid_from: 2018-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 2
needs: [social_referral, task_about, contact_made, said_no]
--- */
with
given as (
    select r.patient_id, r.id, r.help, t.id as task_id, t.changed_day as day, coalesce(t.owner_name, r.performer_name) as who,
           row_number() over (partition by r.patient_id, r.id
                              order by t.changed_day desc nulls last, t.id desc nulls last) as place
    from social_referral r
    join task_about t on t.patient_id = r.patient_id and t.focus_id = r.id
    cross join as_of a
    where t.status = 'completed' and t.changed_day > a.day - 90
),
closures as (
    select patient_id, id, help, task_id, day, who
    from given
    where place = 1
),
confirmed as (
    select c.patient_id, c.id, k.id as fact_id
    from closures c
    join contact_made k on k.patient_id = c.patient_id and k.about_id in (c.id, c.task_id) and k.sent_from_day >= c.day
),
declined as (
    select c.patient_id, c.id, n.fact_table, n.fact_id
    from closures c
    join said_no n on n.patient_id = c.patient_id and n.about_id in (c.id, c.task_id)
),
judged as (
    select c.patient_id, c.id, c.help, c.day, c.who,
           case when d.id is not null then 'EXCLUDED'
                when k.id is not null then 'MET'
                else 'DUE' end as status
    from closures c
    left join (select distinct patient_id, id from confirmed) k on k.patient_id = c.patient_id and k.id = c.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = c.patient_id and d.id = c.id
),
evidence as (
    select c.patient_id, 'order:' || cast(c.id as varchar(20)) as subject, 'service_request' as fact_table,
           c.id as fact_id, 'ask' as role
    from closures c
    union all
    select c.patient_id, 'order:' || cast(c.id as varchar(20)) as subject, 'task' as fact_table, c.task_id as fact_id,
           'given' as role
    from closures c
    union all
    select k.patient_id, 'order:' || cast(k.id as varchar(20)) as subject, 'communication' as fact_table, k.fact_id,
           'spoken with' as role
    from confirmed k
    union all
    select d.patient_id, 'order:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'order:' || cast(j.id as varchar(20)) as subject, j.status, j.day + 3 as opens_on,
       j.day + 14 as due_on, j.day + 90 as lapses_on, case when j.day < a.day then j.day + 90 else a.day + 90 end as recheck_on,
       case when j.status = 'EXCLUDED' then 'declined' end as missing,
       j.day as say_given_on, coalesce(j.who, 'The service') as say_who, j.help as say_help
from judged j
cross join as_of a

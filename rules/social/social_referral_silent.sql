/* ---
title: Social service asked, and no answer
why: An ask that nobody answers looks like help to everybody but the person who waits.
kind: gap
question: Has the service taken up the ask for {help} for {patient}?
reason: "Asked on {asked_on}{to} for {help}; nobody there has answered."
met: "Asked on {asked_on}{to} for {help}; they have answered."
next_step: Call the service, ask whether they can help and by when; ask another one if they cannot.
missing:
  exact_day: "The day of the ask, or of a visit for it, is known only by its month. Ask who sent it."
excluded:
  declined: "{patient} does not want this help any more."
authority: {name: "Gravity Project, SDOH Clinical Care, closed loop; 7 days by the Beforehand founders", edition: "STU 2.1",
            url: "https://hl7.org/fhir/us/sdoh-clinicalcare/", valid_from: 2018-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: referral
harm: 3
needs: [social_referral, task_about, future_appointment, kept_appointment, said_no]
--- */
with
asked as (
    select r.patient_id, r.id, r.authored_from_day, r.authored_to_day, r.performer_name, r.help
    from social_referral r
    cross join as_of a
    where r.status = 'active' and r.authored_to_day > a.day - 180
),
answered as (
    select r.patient_id, r.id, 'task' as fact_table, t.id as fact_id
    from asked r
    join task_about t on t.patient_id = r.patient_id and t.focus_id = r.id
    where t.status in ('received', 'accepted', 'ready', 'in-progress', 'on-hold', 'completed')
    union all
    select r.patient_id, r.id, 'appointment' as fact_table, b.id as fact_id
    from asked r
    join future_appointment b on b.patient_id = r.patient_id and b.order_id = r.id
    union all
    select r.patient_id, r.id, 'appointment' as fact_table, k.id as fact_id
    from asked r
    join kept_appointment k on k.patient_id = r.patient_id and k.order_id = r.id
),
declined as (
    select r.patient_id, r.id, n.fact_table, n.fact_id
    from asked r
    join said_no n on n.patient_id = r.patient_id and n.about_id = r.id
),
judged as (
    select r.patient_id, r.id, r.authored_from_day, r.authored_to_day, r.performer_name, r.help,
           case when d.id is not null then 'EXCLUDED'
                when s.id is not null then 'MET'
                else 'DUE' end as status
    from asked r
    left join (select distinct patient_id, id from answered) s on s.patient_id = r.patient_id and s.id = r.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = r.patient_id and d.id = r.id
),
evidence as (
    select r.patient_id, 'order:' || cast(r.id as varchar(20)) as subject, 'service_request' as fact_table,
           r.id as fact_id, 'ask' as role
    from asked r
    union all
    select s.patient_id, 'order:' || cast(s.id as varchar(20)) as subject, s.fact_table, s.fact_id, 'answer' as role
    from answered s
    union all
    select d.patient_id, 'order:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'order:' || cast(j.id as varchar(20)) as subject, j.status, j.authored_to_day + 7 as opens_on,
       j.authored_to_day + 10 as due_on, j.authored_to_day + 180 as lapses_on,
       case when j.authored_to_day < a.day - 90 then j.authored_to_day + 180 else a.day + 90 end as recheck_on,
       case when j.status = 'EXCLUDED' then 'declined' end as missing,
       j.authored_from_day as say_asked_on, coalesce(' of ' || j.performer_name, '') as say_to, j.help as say_help
from judged j
cross join as_of a

/* ---
title: Follow-up asked for and not booked
why: A word such as "come back in three months" is forgotten by everybody unless it becomes an appointment.
kind: gap
question: Is {patient}'s follow-up, wanted by {wanted_on}, booked?
reason: "On {ordered_on} a follow-up visit{with} was asked for by {wanted_on}; none is booked."
met: "The follow-up asked for by {wanted_on}{with} is booked or has taken place."
next_step: Book the follow-up visit, and tell the person the day.
missing:
  wanted: "A follow-up was asked for, and nobody says by when."
  exact_day: "The day the follow-up was asked for, or of a visit that may be it, is known only by its month. Ask the office."
excluded:
  declined: "{patient} does not want this follow-up."
authority: {name: "AHRQ, care coordination; 28 days ahead by the Beforehand founders",
            edition: "1", url: "https://www.ahrq.gov/ncepcr/care/coordination.html", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: book
harm: 3
needs: [person, active_order, future_appointment, kept_appointment, outpatient_visit, said_no, value_set_code]
--- */
with
asked as (
    select o.patient_id, o.id, o.authored_from_day, o.wanted_from_day, o.wanted_to_day, o.requester_id, o.performer_id,
           o.performer_name
    from active_order o
    join value_set_code v on v.code = o.code and v.value_set = 'follow_up_visit'
    join person p on p.patient_id = o.patient_id
),
-- the visit: for the order, or with the same clinician from half the time on
visits as (
    select b.patient_id, b.order_id, b.practitioner_id, b.start_from_day as day, 'appointment' as fact_table, b.id as fact_id
    from future_appointment b
    where b.status in ('booked', 'pending', 'arrived', 'checked-in')
    union all
    select k.patient_id, k.order_id, k.practitioner_id, k.start_from_day as day, 'appointment' as fact_table, k.id as fact_id
    from kept_appointment k
    union all
    select e.patient_id, cast(null as bigint) as order_id, e.practitioner_id, e.start_from_day as day,
           'encounter' as fact_table, e.id as fact_id
    from outpatient_visit e
),
arranged as (
    select distinct o.patient_id, o.id, v.fact_table, v.fact_id
    from asked o
    join visits v on v.patient_id = o.patient_id
    where v.order_id = o.id
       or (v.practitioner_id in (o.requester_id, o.performer_id) and v.day > o.authored_from_day
           and 2 * v.day >= o.authored_from_day + o.wanted_from_day)
),
declined as (
    select o.patient_id, o.id, n.fact_table, n.fact_id
    from asked o
    join said_no n on n.patient_id = o.patient_id and n.about_id = o.id
),
judged as (
    select o.patient_id, o.id, o.authored_from_day, o.wanted_from_day, o.wanted_to_day, o.performer_name,
           case when d.id is not null then 'EXCLUDED'
                when b.id is not null then 'MET'
                when o.wanted_from_day is null then 'UNKNOWN'
                else 'DUE' end as status
    from asked o
    left join (select distinct patient_id, id from arranged) b on b.patient_id = o.patient_id and b.id = o.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = o.patient_id and d.id = o.id
),
evidence as (
    select o.patient_id, 'order:' || cast(o.id as varchar(20)) as subject, 'service_request' as fact_table,
           o.id as fact_id, 'asked for' as role
    from asked o
    union all
    select b.patient_id, 'order:' || cast(b.id as varchar(20)) as subject, b.fact_table, b.fact_id, 'visit' as role
    from arranged b
    union all
    select d.patient_id, 'order:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'order:' || cast(j.id as varchar(20)) as subject, j.status,
       coalesce(j.wanted_from_day - 28, j.authored_from_day + 14) as opens_on,
       coalesce(j.wanted_from_day - 14, j.authored_from_day + 28) as due_on,
       coalesce(j.wanted_to_day, j.authored_from_day) + 365 as lapses_on, a.day + 90 as recheck_on,
       case j.status when 'UNKNOWN' then 'wanted' when 'EXCLUDED' then 'declined' end as missing,
       j.authored_from_day as say_ordered_on, j.wanted_to_day as say_wanted_on,
       coalesce(' with ' || j.performer_name, '') as say_with
from judged j
cross join as_of a

/* ---
title: Visit proposed and not confirmed
why: A proposed slot is held by nobody; on the day there is no room, or nobody comes.
kind: question
question: Is {patient}'s {visit} on {visit_on} confirmed?
reason: "{visit} on {visit_on} is {how} only; nobody has confirmed it."
met: "{visit} on {visit_on} was {how}; another visit with the same clinician or for the same order is booked."
next_step: Ask the office and the person, and have it confirmed or moved.
missing:
  exact_day: "The day of the visit is known only by its month, and it may be over. Ask the office for the day."
excluded:
  declined: "{patient} does not want this visit."
authority: {name: "Beforehand founders: 14 days ahead", edition: "1",
            url: "https://www.ahrq.gov/ncepcr/care/coordination.html", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: book
harm: 2
needs: [person, future_appointment, said_no, value_set_code]
--- */
with
proposed as (
    select v.patient_id, v.id, v.status, v.order_id, v.practitioner_id, v.start_from_day as day,
           v.start_to_day + 1 as over_day, coalesce(v.description, v.place_name, 'The visit') as visit
    from future_appointment v
    join person p on p.patient_id = v.patient_id
    left join value_set_code r on r.code = v.code and r.value_set = 'work_any_ride'
    where v.status in ('proposed', 'waitlist') and r.code is null and coalesce(v.kind, '') <> 'RIDE'
),
booked as (
    select v.patient_id, v.id, b.id as fact_id
    from proposed v
    join future_appointment b on b.patient_id = v.patient_id
    where b.status in ('booked', 'pending')
      and (b.order_id = v.order_id or b.practitioner_id = v.practitioner_id)
),
declined as (
    select v.patient_id, v.id, n.fact_table, n.fact_id
    from proposed v
    join said_no n on n.patient_id = v.patient_id and n.about_id in (v.id, v.order_id)
),
judged as (
    select v.patient_id, v.id, v.day, v.over_day, v.visit, v.status as state,
           case when d.id is not null then 'EXCLUDED'
                when b.id is not null then 'MET'
                else 'DUE' end as status
    from proposed v
    left join (select distinct patient_id, id from booked) b on b.patient_id = v.patient_id and b.id = v.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = v.patient_id and d.id = v.id
),
evidence as (
    select v.patient_id, 'appointment:' || cast(v.id as varchar(20)) as subject, 'appointment' as fact_table,
           v.id as fact_id, 'proposed' as role
    from proposed v
    union all
    select b.patient_id, 'appointment:' || cast(b.id as varchar(20)) as subject, 'appointment' as fact_table, b.fact_id,
           'booked' as role
    from booked b
    union all
    select d.patient_id, 'appointment:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'appointment:' || cast(j.id as varchar(20)) as subject, j.status, j.day - 14 as opens_on,
       j.day - 3 as due_on, j.over_day as lapses_on,
       case when j.over_day < a.day + 90 then j.over_day else a.day + 90 end as recheck_on,
       case when j.status = 'EXCLUDED' then 'declined' end as missing,
       j.visit as say_visit, j.day as say_visit_on,
       case j.state when 'proposed' then 'proposed' else 'on a waiting list' end as say_how
from judged j
cross join as_of a

/* ---
title: Specialist visit over, and nobody says whether it took place
why: Everybody waits for a report of a visit that may never have been.
kind: question
question: Was {patient} seen on {visit_on}{to}?
reason: "The visit for the referral of {ordered_on}{to} was booked for {visit_on}; since then there is no word of it."
met: "The visit for the referral of {ordered_on}{to}, booked for {visit_on}, has taken place."
next_step: Ask the person or the office; say that it took place, or book a new visit.
missing:
  exact_day: "The day of the visit is known only by its month, and it may lie ahead. Ask the office for the day."
excluded:
  declined: "{patient} does not want this referral any more."
authority: {name: "CMS50 Closing the Referral Loop; 3 business days by the Beforehand founders", edition: "2024",
            url: "https://ecqi.healthit.gov/ecqm/ec/2024/cms0050v12", valid_from: 2015-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: visit
harm: 3
needs: [past_booking, placed_referral, kept_appointment, outpatient_visit, final_report, task_about, future_appointment,
        said_no, calendar]
--- */
with
-- the newest visit for the referral whose day has passed without a word
passed as (
    select b.patient_id, b.id as visit_id, b.day, b.over_day, b.calendar_id, b.practitioner_id, r.id, r.performer_name,
           r.authored_from_day,
           row_number() over (partition by r.patient_id, r.id order by b.over_day desc nulls last, b.id desc nulls last) as place
    from past_booking b
    join placed_referral r on r.patient_id = b.patient_id and r.id = b.order_id
    cross join as_of a
    where r.status = 'active' and b.over_day > a.day - 90
),
visits as (
    select patient_id, visit_id, day, over_day, calendar_id, practitioner_id, id, performer_name, authored_from_day
    from passed
    where place = 1
),
known as (
    select v.patient_id, v.id, 'encounter' as fact_table, e.id as fact_id
    from visits v
    join outpatient_visit e on e.patient_id = v.patient_id
    where e.appointment_id = v.visit_id
       or (e.practitioner_id = v.practitioner_id and e.start_from_day >= v.day and e.start_from_day < v.over_day)
    union all
    select v.patient_id, v.id, 'appointment' as fact_table, k.id as fact_id
    from visits v
    join kept_appointment k on k.patient_id = v.patient_id and k.order_id = v.id and k.start_from_day >= v.day
    union all
    select v.patient_id, v.id, 'appointment' as fact_table, f.id as fact_id
    from visits v
    join future_appointment f on f.patient_id = v.patient_id and f.order_id = v.id
    union all
    select v.patient_id, v.id, 'diagnostic_report' as fact_table, r.id as fact_id
    from visits v
    join final_report r on r.patient_id = v.patient_id and r.order_id = v.id
    union all
    select v.patient_id, v.id, 'task' as fact_table, t.id as fact_id
    from visits v
    join task_about t on t.patient_id = v.patient_id and t.focus_id = v.id
    where t.status = 'completed' and t.changed_day >= v.day
),
declined as (
    select v.patient_id, v.id, n.fact_table, n.fact_id
    from visits v
    join said_no n on n.patient_id = v.patient_id and n.about_id in (v.id, v.visit_id)
),
judged as (
    select v.patient_id, v.id, v.day, v.over_day, v.calendar_id, v.performer_name, v.authored_from_day,
           case when d.id is not null then 'EXCLUDED'
                when k.id is not null then 'MET'
                else 'DUE' end as status
    from visits v
    left join (select distinct patient_id, id from known) k on k.patient_id = v.patient_id and k.id = v.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = v.patient_id and d.id = v.id
),
evidence as (
    select v.patient_id, 'order:' || cast(v.id as varchar(20)) as subject, 'appointment' as fact_table,
           v.visit_id as fact_id, 'booked' as role
    from visits v
    union all
    select v.patient_id, 'order:' || cast(v.id as varchar(20)) as subject, 'service_request' as fact_table,
           v.id as fact_id, 'referral' as role
    from visits v
    union all
    select k.patient_id, 'order:' || cast(k.id as varchar(20)) as subject, k.fact_table, k.fact_id, 'word of it' as role
    from known k
    union all
    select d.patient_id, 'order:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'order:' || cast(j.id as varchar(20)) as subject, j.status, late.day as opens_on,
       late.day + 7 as due_on, j.over_day + 90 as lapses_on,
       case when j.over_day < a.day then j.over_day + 90 else a.day + 90 end as recheck_on,
       case when j.status = 'EXCLUDED' then 'declined' end as missing,
       j.authored_from_day as say_ordered_on, j.day as say_visit_on, coalesce(' to ' || j.performer_name, '') as say_to
from judged j
cross join as_of a
join calendar c on c.calendar_id = j.calendar_id and c.day = j.over_day - 1
join calendar late on late.calendar_id = j.calendar_id and late.is_business = 1
    and late.business_index = c.business_index + 3

/* ---
title: Referral sent and no sign of life
why: A referral that nobody has taken up is lost while everybody believes it is on its way.
kind: gap
question: Has the office taken up {patient}'s referral of {sent_on}?
reason: "Sent on {sent_on}{to}; nobody there has said that they have it."
met: "Sent on {sent_on}{to}; somebody there has answered, or a visit is on record."
next_step: Call the office, make sure that they have it, and ask when a visit will be booked.
missing:
  exact_day: "The day the referral was sent is known only by its month. Ask who sent it."
excluded:
  declined: "{patient} does not want this referral."
authority: {name: "CMS50 Closing the Referral Loop; 5 business days, urgent 1, by the Beforehand founders", edition: "2024",
            url: "https://ecqi.healthit.gov/ecqm/ec/2024/cms0050v12", valid_from: 2015-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: referral
harm: 3
needs: [placed_referral, task_about, future_appointment, kept_appointment, said_no, calendar]
--- */
with
sent as (
    select r.patient_id, r.id, r.performer_name, r.calendar_id, t.id as task_id, t.authored_from_day as day,
           case when r.is_urgent = 1 then 1 else 5 end as business_days,
           row_number() over (partition by r.patient_id, r.id
                              order by t.authored_from_day desc nulls last, t.id desc nulls last) as place
    from placed_referral r
    join task_about t on t.patient_id = r.patient_id and t.focus_id = r.id
    where r.status = 'active' and t.status = 'requested' and t.authored_from_day is not null
),
answered as (
    select r.patient_id, r.id, 'task' as fact_table, t.id as fact_id
    from sent r
    join task_about t on t.patient_id = r.patient_id and t.focus_id = r.id
    where t.status <> 'requested'
    union all
    select r.patient_id, r.id, 'appointment' as fact_table, b.id as fact_id
    from sent r
    join future_appointment b on b.patient_id = r.patient_id and b.order_id = r.id
    union all
    select r.patient_id, r.id, 'appointment' as fact_table, k.id as fact_id
    from sent r
    join kept_appointment k on k.patient_id = r.patient_id and k.order_id = r.id
),
declined as (
    select r.patient_id, r.id, n.fact_table, n.fact_id
    from sent r
    join said_no n on n.patient_id = r.patient_id and n.about_id = r.id
),
judged as (
    select r.patient_id, r.id, r.performer_name, r.calendar_id, r.day, r.business_days,
           case when d.id is not null then 'EXCLUDED'
                when s.id is not null then 'MET'
                else 'DUE' end as status
    from sent r
    left join (select distinct patient_id, id from answered) s on s.patient_id = r.patient_id and s.id = r.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = r.patient_id and d.id = r.id
    where r.place = 1
),
evidence as (
    select r.patient_id, 'order:' || cast(r.id as varchar(20)) as subject, 'service_request' as fact_table,
           r.id as fact_id, 'referral' as role
    from sent r
    where r.place = 1
    union all
    select r.patient_id, 'order:' || cast(r.id as varchar(20)) as subject, 'task' as fact_table, r.task_id as fact_id,
           'sent' as role
    from sent r
    union all
    select s.patient_id, 'order:' || cast(s.id as varchar(20)) as subject, s.fact_table, s.fact_id, 'answer' as role
    from answered s
    union all
    select d.patient_id, 'order:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'order:' || cast(j.id as varchar(20)) as subject, j.status, late.day as opens_on, late.day as due_on,
       cast(null as bigint) as lapses_on, a.day + 90 as recheck_on,
       case when j.status = 'EXCLUDED' then 'declined' end as missing,
       j.day as say_sent_on, coalesce(' to ' || j.performer_name, '') as say_to
from judged j
cross join as_of a
join calendar c on c.calendar_id = j.calendar_id and c.day = j.day
join calendar late on late.calendar_id = j.calendar_id and late.is_business = 1
    and late.business_index = c.business_index + j.business_days

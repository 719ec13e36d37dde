/* ---
title: Referral ends before the visit
why: A referral that is over on the day counts as none; the office turns the person away or bills them.
kind: deadline
question: Can {patient} be seen before the referral ends on {until_on}?
reason: "The referral of {ordered_on}{to} is for a visit by {until_on}; {visit}."
met: "The referral of {ordered_on}{to} is for a visit by {until_on}, and a visit by then is on record."
next_step: Ask for an earlier day, or ask the referring office to renew the referral.
missing:
  until: "The referral does not say the exact day it ends, and the visit falls near it."
  exact_day: "The day of the visit, or until when the referral holds, is known only by its month. Ask the office for the day."
excluded:
  declined: "{patient} does not want this referral any more."
authority: {name: "Beforehand founders: 21 days before the end of a referral", edition: "1",
            url: "https://www.ahrq.gov/ncepcr/care/coordination.html", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: The end is the end of the time the order asks for; a day asked for exactly counts as the last day wanted.
unknown: ask
step_kind: book
harm: 3
needs: [placed_referral, future_appointment, kept_appointment, said_no]
--- */
with
referrals as (
    select r.patient_id, r.id, r.authored_from_day, r.performer_name, r.until_from_day, r.until_to_day
    from placed_referral r
    cross join as_of a
    where r.status = 'active' and r.until_to_day > a.day - 60
),
visits as (
    select r.patient_id, r.id, b.id as fact_id, b.start_from_day as day
    from referrals r
    join future_appointment b on b.patient_id = r.patient_id and b.order_id = r.id
    where b.status in ('booked', 'pending')
    union all
    select r.patient_id, r.id, k.id as fact_id, k.start_from_day as day
    from referrals r
    join kept_appointment k on k.patient_id = r.patient_id and k.order_id = r.id
),
first_visit as (
    select patient_id, id, min(day) as day
    from visits
    group by patient_id, id
),
declined as (
    select r.patient_id, r.id, n.fact_table, n.fact_id
    from referrals r
    join said_no n on n.patient_id = r.patient_id and n.about_id = r.id
),
judged as (
    select r.patient_id, r.id, r.authored_from_day, r.performer_name, r.until_from_day, r.until_to_day, v.day,
           case when d.id is not null then 'EXCLUDED'
                when v.day <= r.until_from_day then 'MET'
                when v.day <= r.until_to_day then 'UNKNOWN'
                else 'DUE' end as status
    from referrals r
    left join first_visit v on v.patient_id = r.patient_id and v.id = r.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = r.patient_id and d.id = r.id
),
-- the visit that waits for it
waiting as (
    select v.patient_id, v.id, min(v.fact_id) as visit_id
    from visits v
    join first_visit f on f.patient_id = v.patient_id and f.id = v.id and f.day = v.day
    group by v.patient_id, v.id
),
evidence as (
    select r.patient_id, 'order:' || cast(r.id as varchar(20)) as subject, 'service_request' as fact_table,
           r.id as fact_id, 'referral' as role
    from referrals r
    union all
    select v.patient_id, 'order:' || cast(v.id as varchar(20)) as subject, 'appointment' as fact_table, v.fact_id,
           'visit' as role
    from visits v
    union all
    select d.patient_id, 'order:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'order:' || cast(j.id as varchar(20)) as subject, j.status, j.until_from_day - 21 as opens_on,
       j.until_from_day - 7 as due_on, j.until_to_day + 60 as lapses_on,
       case when j.until_to_day + 60 < a.day + 90 then j.until_to_day + 60 else a.day + 90 end as recheck_on,
       case j.status when 'UNKNOWN' then 'until' when 'EXCLUDED' then 'declined' end as missing,
       'appointment:' || cast(w.visit_id as varchar(20)) as blocks,
       j.authored_from_day as say_ordered_on, j.until_to_day as say_until_on, coalesce(' to ' || j.performer_name, '') as say_to,
       case when j.day is null then 'no visit is booked' else 'the visit is booked for a later day' end as say_visit
from judged j
left join waiting w on w.patient_id = j.patient_id and w.id = j.id
cross join as_of a

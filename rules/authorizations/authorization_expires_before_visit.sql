/* ---
title: Authorization ends before the visit
why: An authorization that is over on the day counts as none; the visit is refused or billed.
kind: conflict
question: Can {patient}'s authorization be extended to {visit_on}?
reason: "The authorization holds until {until_on}; the visit is on {visit_on}."
met: "The authorization holds until {until_on}, and the visit is on {visit_on}."
next_step: Ask the plan to extend the authorization, or move the visit into its time.
missing:
  until: "The authorization does not say clearly from when until when it holds."
  exact_day: "The day of the visit, or until when the authorization holds, is known only by its month. Ask the office and the plan."
authority: {name: "CMS-0057-F: the plan answers within 7 calendar days", edition: "2024, in force 2026",
            url: "https://www.cms.gov/cms-interoperability-and-prior-authorization-final-rule-cms-0057-f", valid_from: 2015-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: authorization
harm: 4
needs: [person, future_appointment, claim, claim_response]
--- */
with
approvals as (
    select r.patient_id, r.id as fact_id, coalesce(r.order_id, c.order_id) as order_id,
           r.authorized_from_from_day as early_from, r.authorized_from_to_day as late_from,
           r.authorized_until_from_day as early_until, r.authorized_until_to_day as late_until
    from claim_response r
    cross join as_of a
    left join claim c on c.patient_id = r.patient_id and c.id = r.request_id
    where r.use = 'preauthorization' and r.status = 'active' and r.same_as = r.id
      and r.decision in ('approved', 'partial') and r.created_from_day <= a.day
),
visits as (
    select b.patient_id, b.order_id, b.id, b.start_to_day as day
    from future_appointment b
    join person p on p.patient_id = b.patient_id
    where b.status in ('booked', 'pending')
),
-- each visit with each approval of its order: does it surely cover the day, may it?
matched as (
    select v.patient_id, v.order_id, v.id, v.day, p.fact_id, p.late_until,
           case when p.early_until >= v.day and coalesce(p.late_from, v.day) <= v.day then 'yes'
                when coalesce(p.late_until, v.day) >= v.day and coalesce(p.early_from, v.day) <= v.day then 'maybe'
                else 'no' end as covers
    from visits v
    join approvals p on p.patient_id = v.patient_id and p.order_id = v.order_id
),
per_visit as (
    select patient_id, order_id, id, day, max(late_until) as until_day,
           count(case when covers = 'yes' then id end) as sure, count(case when covers = 'maybe' then id end) as perhaps
    from matched
    group by patient_id, order_id, id, day
),
-- the first visit that is not covered speaks for the order
per_order as (
    select patient_id, order_id, min(until_day) as until_day, min(day) as next_visit,
           min(case when sure + perhaps = 0 then day end) as late_day,
           min(case when sure = 0 then day end) as open_visit
    from per_visit
    group by patient_id, order_id
),
judged as (
    select o.patient_id, o.order_id, o.until_day, coalesce(o.late_day, o.open_visit, o.next_visit) as day,
           o.next_visit + 1 as over_day,
           case when o.late_day is not null then 'DUE' when o.open_visit is not null then 'UNKNOWN' else 'MET' end as status
    from per_order o
),
-- the visit that waits for it
waiting as (
    select j.patient_id, j.order_id, min(m.id) as visit_id
    from judged j
    join per_visit m on m.patient_id = j.patient_id and m.order_id = j.order_id and m.day = j.day
    group by j.patient_id, j.order_id
),
evidence as (
    select m.patient_id, 'authorization:' || cast(m.order_id as varchar(20)) as subject, 'appointment' as fact_table,
           m.id as fact_id, 'visit' as role
    from matched m
    union all
    select m.patient_id, 'authorization:' || cast(m.order_id as varchar(20)) as subject, 'claim_response' as fact_table,
           m.fact_id, 'authorization' as role
    from matched m
)
select j.patient_id, 'authorization:' || cast(j.order_id as varchar(20)) as subject, j.status,
       j.day - 30 as opens_on, j.day - 7 as due_on, j.day + 1 as lapses_on,
       case when j.over_day < a.day + 90 then j.over_day else a.day + 90 end as recheck_on,
       case when j.status = 'UNKNOWN' then 'until' end as missing,
       'appointment:' || cast(w.visit_id as varchar(20)) as blocks,
       j.until_day as say_until_on, j.day as say_visit_on
from judged j
join waiting w on w.patient_id = j.patient_id and w.order_id = j.order_id
cross join as_of a

/* ---
title: Referral ordered and not scheduled
why: About half of all referrals never become a visit; the reason for them does not go away.
kind: gap
question: Is a visit booked for {patient}'s referral{to} of {ordered_on}?
reason: "Referred on {ordered_on}{to}; {visit}."
met: "Referred on {ordered_on}{to}; a visit is on record."
next_step: Call the office that was asked, and book the visit.
missing:
  ordered: "Nobody says on which day the referral was made."
  exact_day: "The day of the referral, or of a visit that may be for it, is known only by its month. Ask the office."
excluded:
  declined: "{patient} does not want this referral."
authority: {name: "CMS50 Closing the Referral Loop; 14 days, urgent 3, by the Beforehand founders", edition: "2024",
            url: "https://ecqi.healthit.gov/ecqm/ec/2024/cms0050v12", valid_from: 2015-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: book
harm: 3
needs: [person, placed_order, future_appointment, kept_appointment, task, said_no, value_set_code]
--- */
with
referrals as (
    select r.patient_id, r.id, r.authored_from_day, r.authored_to_day, r.performer_name, r.performer_id,
           case when r.priority in ('urgent', 'asap', 'stat') then 3 else 14 end as days
    from placed_order r
    join person p on p.patient_id = r.patient_id
    where r.status = 'active'
      and (r.code in (select code from value_set_code where value_set = 'referral')
           or r.category in (select code from value_set_code where value_set = 'referral_category'))
),
visits as (
    select b.patient_id, b.id, b.order_id, b.practitioner_id, b.start_from_day
    from future_appointment b
    where b.status in ('booked', 'pending', 'arrived', 'checked-in')
    union all
    select k.patient_id, k.id, k.order_id, k.practitioner_id, k.start_from_day
    from kept_appointment k
),
-- what shows that it is on its way: a visit for it, or with the clinician asked since; or their word that it was done
booked as (
    select r.patient_id, r.id, 'appointment' as fact_table, v.id as fact_id
    from referrals r
    join visits v on v.patient_id = r.patient_id
    where v.order_id = r.id
       or (v.order_id is null and v.practitioner_id = r.performer_id and v.start_from_day >= r.authored_from_day)
    union all
    select r.patient_id, r.id, 'task' as fact_table, t.id as fact_id
    from referrals r
    join task t on t.patient_id = r.patient_id and t.focus_id = r.id
    cross join as_of a
    where t.status = 'completed' and t.same_as = t.id and coalesce(t.authored_from_day, a.day) <= a.day
),
declined as (
    select r.patient_id, r.id, n.fact_table, n.fact_id
    from referrals r
    join said_no n on n.patient_id = r.patient_id and n.about_id = r.id
),
judged as (
    select r.patient_id, r.id, r.authored_from_day, r.performer_name, r.authored_to_day + r.days as due_day,
           'order:' || cast(r.id as varchar(20)) as subject,
           case when d.id is not null then 'EXCLUDED'
                when b.id is not null then 'MET'
                when r.authored_from_day is null then 'UNKNOWN'
                else 'DUE' end as status
    from referrals r
    left join (select distinct patient_id, id from booked) b on b.patient_id = r.patient_id and b.id = r.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = r.patient_id and d.id = r.id
),
evidence as (
    select r.patient_id, 'order:' || cast(r.id as varchar(20)) as subject, 'service_request' as fact_table,
           r.id as fact_id, 'referral' as role
    from referrals r
    union all
    select b.patient_id, 'order:' || cast(b.id as varchar(20)) as subject, b.fact_table, b.fact_id, 'visit' as role
    from booked b
    union all
    select d.patient_id, 'order:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, j.subject, j.status, j.due_day as opens_on, j.due_day as due_on, cast(null as bigint) as lapses_on,
       a.day + 90 as recheck_on, case j.status when 'UNKNOWN' then 'ordered' when 'EXCLUDED' then 'declined' end as missing,
       j.authored_from_day as say_ordered_on, coalesce(' to ' || j.performer_name, '') as say_to,
       case when j.status = 'MET' then 'a visit is on record' else 'no visit is booked' end as say_visit
from judged j
cross join as_of a

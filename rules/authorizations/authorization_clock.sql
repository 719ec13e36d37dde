/* ---
title: Plan silent on an authorization
why: The plan has days to answer, and the service waits.
kind: deadline
question: Has the plan answered?
reason: "The plan was asked on {asked_on}."
next_step: Call the plan.
missing:
  asked: "The day the plan was asked is not exact, so nobody can tell whether its time is over."
  exact_day: "The day the plan was asked, or answered, is known only by its month. Ask the office that asked."
excluded:
  declined: "{patient} does not want the service any more."
authority: {name: named in each row, edition: "", url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: A claim says no kind of plan in a form that can be compared; the clock is that of the public plans, and a good question to any.
family: knowledge/authorization_clocks.csv
whole: [days]
unknown: show
step_kind: authorization
folds_into: "{about}"
needs: [person, claim, claim_response, placed_order, future_appointment, said_no, concept_words]
--- */
with
requests as (
    select c.patient_id, c.id, c.order_id, c.created_from_day, c.created_to_day, coalesce(o.code, c.item_code) as code,
           case when o.priority in ('urgent', 'asap', 'stat') then 'expedited' else 'standard' end as speed
    from claim c
    join person p on p.patient_id = c.patient_id
    cross join as_of a
    left join placed_order o on o.patient_id = c.patient_id and o.id = c.order_id
    where c.use = 'preauthorization' and c.status = 'active' and c.same_as = c.id
      and c.created_from_day <= a.day and c.created_to_day > a.day - 180
),
asked as (
    select f.rule_id, f.days, r.patient_id, r.id, r.order_id, r.created_from_day, r.created_to_day, r.code
    from requests r
    join family f on f.speed = r.speed
),
answered as (
    select q.rule_id, q.patient_id, q.id, r.id as fact_id
    from asked q
    join claim_response r on r.patient_id = q.patient_id
    cross join as_of a
    where r.use = 'preauthorization' and r.status = 'active' and r.same_as = r.id
      and r.decision in ('approved', 'partial', 'denied') and r.created_from_day <= a.day
      and (r.request_id = q.id
           or (r.request_id is null and r.order_id = q.order_id and r.created_from_day >= q.created_from_day))
),
-- the visit that waits for it
waiting as (
    select q.rule_id, q.patient_id, q.id, b.id as visit_id,
           row_number() over (partition by q.rule_id, q.patient_id, q.id
                              order by b.start_from_day nulls last, b.id nulls last) as place
    from asked q
    join future_appointment b on b.patient_id = q.patient_id and b.order_id = q.order_id
    where b.status in ('booked', 'pending')
),
declined as (
    select q.rule_id, q.patient_id, q.id, n.fact_table, n.fact_id
    from asked q
    join said_no n on n.patient_id = q.patient_id and n.about_id = q.order_id
),
judged as (
    select q.rule_id, q.patient_id, q.id, q.order_id, q.code, q.created_from_day, q.created_to_day, q.days, w.visit_id,
           case when d.id is not null then 'EXCLUDED'
                when r.id is not null then 'MET'
                when q.created_from_day + q.days < a.day and q.created_to_day + q.days >= a.day then 'UNKNOWN'
                else 'DUE' end as status
    from asked q
    cross join as_of a
    left join (select distinct patient_id, id from answered) r on r.patient_id = q.patient_id and r.id = q.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = q.patient_id and d.id = q.id
    left join waiting w on w.rule_id = q.rule_id and w.patient_id = q.patient_id and w.id = q.id and w.place = 1
),
evidence as (
    select q.rule_id, q.patient_id, 'request:' || cast(q.id as varchar(20)) as subject, 'claim' as fact_table,
           q.id as fact_id, 'request' as role
    from asked q
    union all
    select r.rule_id, r.patient_id, 'request:' || cast(r.id as varchar(20)) as subject, 'claim_response' as fact_table,
           r.fact_id, 'answer' as role
    from answered r
    union all
    select w.rule_id, w.patient_id, 'request:' || cast(w.id as varchar(20)) as subject, 'appointment' as fact_table,
           w.visit_id as fact_id, 'visit' as role
    from waiting w
    union all
    select d.rule_id, d.patient_id, 'request:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id,
           'declined' as role
    from declined d
)
select j.rule_id, j.patient_id, 'request:' || cast(j.id as varchar(20)) as subject, j.status,
       j.created_to_day + j.days + 1 as opens_on, j.created_to_day + j.days + 1 as due_on,
       j.created_to_day + 180 as lapses_on,
       case when j.status = 'UNKNOWN' then j.created_to_day + j.days + 1
            when j.created_from_day + j.days >= a.day and j.created_from_day <> j.created_to_day
                then j.created_from_day + j.days + 1
            when j.created_to_day + 180 < a.day + 90 then j.created_to_day + 180 else a.day + 90 end as recheck_on,
       case j.status when 'UNKNOWN' then 'asked' when 'EXCLUDED' then 'declined' end as missing,
       'appointment:' || cast(j.visit_id as varchar(20)) as blocks,
       j.created_from_day as say_asked_on, j.created_to_day + j.days as say_last_on,
       coalesce(w.words, 'a service') as say_what,
       case when j.order_id is not null then 'order:' || cast(j.order_id as varchar(20))
            else 'request:' || cast(j.id as varchar(20)) end as say_about
from judged j
cross join as_of a
left join concept_words w on w.code = j.code

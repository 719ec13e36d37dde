/* ---
title: Test for a visit not done yet
why: A visit whose test is missing ends with "come back when we have it".
kind: deadline
question: Is {patient}'s {test} done before {visit} on {visit_on}?
reason: "{test} was ordered on {ordered_on} by the clinician {patient} sees on {visit_on}; no result is on record."
met: "{test}, ordered for {visit} on {visit_on}, is done."
next_step: Book the test so that its result is there on the day of the visit.
missing:
  exact_day: "The day of the visit, of the order or of a result is known only by its month. Ask the office for the day."
excluded:
  declined: "{patient} said no to this test."
authority: {name: "Beforehand founders: results ready 2 business days before the visit", edition: "1",
            url: "https://www.ahrq.gov/ncepcr/care/coordination.html", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: book
harm: 2
needs: [visit_ahead, active_order, done_test, future_appointment, said_no, concept_words, calendar, value_set_code]
--- */
with
-- the next visit with the clinician who ordered; an order meant for later is not for it
visits as (
    select o.patient_id, o.id, o.code, o.authored_from_day, v.id as visit_id, v.day, v.over_day, v.visit, v.calendar_id,
           row_number() over (partition by o.patient_id, o.id order by v.day nulls last, v.id nulls last) as place
    from visit_ahead v
    join active_order o on o.patient_id = v.patient_id and o.requester_id = v.practitioner_id
    join value_set_code c on c.code = o.category and c.value_set = 'ordered_test'
    where o.authored_from_day < v.day
      and coalesce(o.wanted_from_day, v.day) <= v.day
      and (v.order_id is null or v.order_id <> o.id)
),
planned as (
    select v.patient_id, v.id, v.code, v.authored_from_day, v.visit_id, v.day, v.over_day, v.visit, v.calendar_id
    from visits v
    where v.place = 1
),
done as (
    select p.patient_id, p.id, t.fact_table, t.fact_id
    from planned p
    join done_test t on t.patient_id = p.patient_id
    where t.order_id = p.id or (t.code = p.code and t.from_day >= p.authored_from_day)
),
-- booked for a day before the visit
booked as (
    select p.patient_id, p.id, b.id as fact_id
    from planned p
    join future_appointment b on b.patient_id = p.patient_id and b.order_id = p.id
    where b.status = 'booked' and b.start_from_day <= p.day
),
declined as (
    select p.patient_id, p.id, n.fact_table, n.fact_id
    from planned p
    join said_no n on n.patient_id = p.patient_id and n.about_id = p.id
),
judged as (
    select p.patient_id, p.id, p.code, p.authored_from_day, p.visit_id, p.day, p.over_day, p.visit, p.calendar_id,
           case when d.id is not null then 'EXCLUDED'
                when t.id is not null or b.id is not null then 'MET'
                else 'DUE' end as status
    from planned p
    left join (select distinct patient_id, id from done) t on t.patient_id = p.patient_id and t.id = p.id
    left join (select distinct patient_id, id from booked) b on b.patient_id = p.patient_id and b.id = p.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = p.patient_id and d.id = p.id
),
evidence as (
    select p.patient_id, 'order:' || cast(p.id as varchar(20)) as subject, 'service_request' as fact_table,
           p.id as fact_id, 'order' as role
    from planned p
    union all
    select p.patient_id, 'order:' || cast(p.id as varchar(20)) as subject, 'appointment' as fact_table,
           p.visit_id as fact_id, 'visit' as role
    from planned p
    union all
    select t.patient_id, 'order:' || cast(t.id as varchar(20)) as subject, t.fact_table, t.fact_id, 'result' as role
    from done t
    union all
    select b.patient_id, 'order:' || cast(b.id as varchar(20)) as subject, 'appointment' as fact_table, b.fact_id,
           'booked' as role
    from booked b
    union all
    select d.patient_id, 'order:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'order:' || cast(j.id as varchar(20)) as subject, j.status, j.day - 14 as opens_on,
       ahead.day as due_on, j.over_day - 1 as lapses_on,
       case when j.over_day < a.day + 90 then j.over_day else a.day + 90 end as recheck_on,
       case when j.status = 'EXCLUDED' then 'declined' end as missing,
       'appointment:' || cast(j.visit_id as varchar(20)) as blocks,
       coalesce(w.words, 'A test') as say_test, j.visit as say_visit, j.day as say_visit_on,
       j.authored_from_day as say_ordered_on
from judged j
cross join as_of a
left join concept_words w on w.code = j.code
join calendar c on c.calendar_id = j.calendar_id and c.day = j.day
join calendar ahead on ahead.calendar_id = j.calendar_id and ahead.is_business = 1
    and ahead.business_index = c.business_index - c.is_business - 1

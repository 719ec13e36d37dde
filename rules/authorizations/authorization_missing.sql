/* ---
title: Authorization missing before a service
why: Without the plan's authorization the service is put off on the day, or billed to the person.
kind: deadline
question: Has the plan authorized {patient}'s {what} for {visit_on}?
reason: "{what} is planned for {visit_on}; {answer}."
met: "{what} is planned for {visit_on}; the plan authorized it."
next_step: "{step}"
missing:
  which: "The plan authorized something, but nobody says that it was this order."
  coverage: "It usually needs authorization, and no insurance is on record that could be asked."
  exact_day: "The day of the service, of its order or of the plan's answer is known only by its month. Ask the office for the day."
excluded:
  declined: "{patient} does not want {what}."
  free: "The plan says that {what} needs no authorization."
authority: {name: "CMS-0057-F: the plan answers within 7 calendar days", edition: "2024, in force 2026",
            url: "https://www.cms.gov/cms-interoperability-and-prior-authorization-final-rule-cms-0057-f", valid_from: 2015-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: authorization
harm: 3
needs: [person, active_order, future_appointment, coverage_eligibility_response, claim, claim_response, current_coverage,
        said_no, service_code, concept_words, value_set_code]
--- */
with
booked as (
    select b.patient_id, b.order_id, b.start_from_day as day, b.id as visit_id,
           row_number() over (partition by b.patient_id, b.order_id order by b.start_from_day nulls last, b.id nulls last) as place
    from future_appointment b
    where b.status in ('booked', 'pending')
),
-- orders of the kind that usually needs authorization
usual as (
    select o.patient_id, o.id from active_order o
    join value_set_code v on v.code = o.code and v.value_set = 'needs_authorization'
    union
    select o.patient_id, o.id from active_order o
    join value_set_code v on v.code = o.category and v.value_set = 'needs_authorization'
),
-- What the plan said to: does it need authorization? The answer names no order, but perhaps a service: then it is about
-- the orders of that alone. Where it names none it counts only where it can be about one order alone: the one order made
-- by then that usually needs authorization, else the one order there is.
spoken as (
    select e.patient_id, e.id, e.code, e.needs_authorization, e.created_from_day
    from coverage_eligibility_response e
    cross join as_of a
    where e.status = 'active' and e.same_as = e.id and e.needs_authorization is not null and e.created_from_day <= a.day
),
heard as (
    select o.patient_id, o.id, o.code, e.id as fact_id, e.code as service, e.needs_authorization
    from active_order o
    join spoken e on e.patient_id = o.patient_id and e.created_from_day >= o.authored_from_day
),
named as (
    select patient_id, id, fact_id, needs_authorization
    from heard
    where service = code
    union
    select t.patient_id, t.id, t.fact_id, t.needs_authorization
    from heard t
    join service_code k on k.code = t.service
    join service_code l on l.code = t.code and l.service = k.service
),
possible as (
    select t.patient_id, t.id, t.fact_id, t.needs_authorization, case when u.id is null then 0 else 1 end as is_usual
    from heard t
    left join usual u on u.patient_id = t.patient_id and u.id = t.id
    where t.service is null
),
about as (
    select patient_id, fact_id, max(is_usual) as is_usual
    from possible
    group by patient_id, fact_id
),
lone as (
    select p.patient_id, p.fact_id, min(p.id) as id
    from possible p
    join about b on b.patient_id = p.patient_id and b.fact_id = p.fact_id and b.is_usual = p.is_usual
    group by p.patient_id, p.fact_id
    having count(*) = 1
),
asked as (
    select p.patient_id, p.id, p.fact_id, p.needs_authorization
    from possible p
    join lone l on l.patient_id = p.patient_id and l.fact_id = p.fact_id and l.id = p.id
    union all
    select patient_id, id, fact_id, needs_authorization from named
),
said as (
    select patient_id, id, max(needs_authorization) as is_needed
    from asked
    group by patient_id, id
),
planned as (
    select o.patient_id, o.id, o.code, o.authored_from_day, coalesce(b.day, o.wanted_to_day) as day, b.visit_id, s.is_needed
    from active_order o
    join person p on p.patient_id = o.patient_id
    cross join as_of a
    left join booked b on b.patient_id = o.patient_id and b.order_id = o.id and b.place = 1
    left join said s on s.patient_id = o.patient_id and s.id = o.id
    left join usual u on u.patient_id = o.patient_id and u.id = o.id
    where coalesce(b.day, o.wanted_to_day) >= a.day
      and (s.is_needed = 1 or u.id is not null)
),
answers as (
    select r.patient_id, r.id as fact_id, r.decision, r.created_from_day, coalesce(r.order_id, c.order_id) as order_id
    from claim_response r
    cross join as_of a
    left join claim c on c.patient_id = r.patient_id and c.id = r.request_id
    where r.use = 'preauthorization' and r.status = 'active' and r.same_as = r.id and r.created_from_day <= a.day
),
answer_of as (
    select p.patient_id, p.id,
           max(case when n.decision in ('approved', 'partial') then 1 end) as is_approved,
           max(case when n.decision = 'denied' then 1 end) as is_denied
    from planned p
    join answers n on n.patient_id = p.patient_id and n.order_id = p.id
    group by p.patient_id, p.id
),
loose as (
    select p.patient_id, p.id, n.fact_id
    from planned p
    join answers n on n.patient_id = p.patient_id and n.created_from_day >= p.authored_from_day
    where n.order_id is null and n.decision = 'approved'
),
declined as (
    select p.patient_id, p.id, n.fact_table, n.fact_id
    from planned p
    join said_no n on n.patient_id = p.patient_id and n.about_id = p.id
),
judged as (
    select p.patient_id, p.id, p.code, p.day, p.visit_id, p.day + 1 as over_day, n.is_denied, n.id as answered,
           case when d.id is not null then 'declined'
                when n.is_approved = 1 then 'approved'
                when p.is_needed = 0 then 'not needed'
                when l.id is not null then 'which'
                when p.is_needed is null and v.patient_id is null then 'coverage'
                else 'due' end as verdict
    from planned p
    left join answer_of n on n.patient_id = p.patient_id and n.id = p.id
    left join (select distinct patient_id, id from loose) l on l.patient_id = p.patient_id and l.id = p.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = p.patient_id and d.id = p.id
    left join (select distinct patient_id from current_coverage) v on v.patient_id = p.patient_id
),
evidence as (
    select p.patient_id, 'order:' || cast(p.id as varchar(20)) as subject, 'service_request' as fact_table,
           p.id as fact_id, 'order' as role
    from planned p
    union all
    select p.patient_id, 'order:' || cast(p.id as varchar(20)) as subject, 'appointment' as fact_table,
           b.id as fact_id, 'visit' as role
    from planned p
    join future_appointment b on b.patient_id = p.patient_id and b.order_id = p.id
    union all
    select p.patient_id, 'order:' || cast(p.id as varchar(20)) as subject, 'claim_response' as fact_table,
           n.fact_id, 'answer' as role
    from planned p
    join answers n on n.patient_id = p.patient_id and n.order_id = p.id
    union all
    select l.patient_id, 'order:' || cast(l.id as varchar(20)) as subject, 'claim_response' as fact_table,
           l.fact_id, 'perhaps the answer' as role
    from loose l
    union all
    select p.patient_id, 'order:' || cast(p.id as varchar(20)) as subject, 'coverage_eligibility_response' as fact_table,
           s.fact_id, 'requirement' as role
    from planned p
    join asked s on s.patient_id = p.patient_id and s.id = p.id
    union all
    select d.patient_id, 'order:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'order:' || cast(j.id as varchar(20)) as subject,
       case j.verdict when 'declined' then 'EXCLUDED' when 'not needed' then 'EXCLUDED'
                      when 'approved' then 'MET' when 'due' then 'DUE' else 'UNKNOWN' end as status,
       j.day - 30 as opens_on, j.day - 7 as due_on, j.over_day as lapses_on,
       case when j.over_day < a.day + 90 then j.over_day else a.day + 90 end as recheck_on,
       case j.verdict when 'which' then 'which' when 'coverage' then 'coverage'
                      when 'declined' then 'declined' when 'not needed' then 'free' end as missing,
       'appointment:' || cast(j.visit_id as varchar(20)) as blocks,
       coalesce(w.words, 'the service') as say_what, j.day as say_visit_on,
       case when j.verdict = 'approved' then 'the plan authorized it'
            when j.verdict = 'not needed' then 'the plan says that it needs no authorization'
            when j.is_denied = 1 then 'the plan said no'
            when j.answered is not null then 'the plan was asked and has not decided'
            else 'no authorization is on record' end as say_answer,
       case when j.is_denied = 1 then 'Ask the ordering clinician whether to appeal, and tell the office that holds the visit.'
            when j.answered is not null then 'Call the plan for its answer before the visit; ask for a faster decision where the visit cannot wait.'
            else 'Ask the ordering office to send the plan the request for authorization.' end as say_step
from judged j
cross join as_of a
left join concept_words w on w.code = j.code

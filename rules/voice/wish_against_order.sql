/* ---
title: Order against a stated wish
why: What a person decided beforehand counts only when somebody holds the orders against it.
kind: conflict
question: Does whoever ordered {what} know what {patient} wants?
reason: "{what} was ordered on {ordered_on}."
met: "Whoever ordered {what} was told what {patient} wants."
next_step: Call whoever ordered it.
missing:
  exact_day: "Until when the wish holds, or the day of the visit, is known only by its month. Ask the person."
excluded: {declined: "{patient} agreed to {what} after all."}
authority: {name: "Patient Self-Determination Act (42 U.S.C. 1395cc(f)); own list of wishes", edition: "1990",
            url: "https://www.ecfr.gov/current/title-42/section-489.102", valid_from: 1991-12-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/stated_wishes.csv
whole: [is_remote]
step_kind: call
harm: 2
needs: [person, stated_wish, active_order, future_appointment, current_medication, medicine, medicine_name,
        ingredient_class, contact_made, said_no, concept_words, value_set_code]
--- */
with
wishes as (
    select f.rule_id, w.patient_id, f.order_set, f.class_name, f.is_remote, min(w.day) as wish_day
    from stated_wish w
    join person p on p.patient_id = w.patient_id
    join value_set_code v on v.code = w.code
    join family f on f.wish_set = v.value_set
    group by f.rule_id, w.patient_id, f.order_set, f.class_name, f.is_remote
),
against as (
    select w.rule_id, w.patient_id, 'order:' || cast(o.id as varchar(20)) as subject, 'service_request' as fact_table,
           o.id as fact_id, o.code, o.authored_from_day as day, o.wanted_from_day as due_day
    from wishes w
    join active_order o on o.patient_id = w.patient_id
    join value_set_code v on v.code = o.code and v.value_set = w.order_set
    union all
    select w.rule_id, w.patient_id, 'visit:' || cast(b.id as varchar(20)) as subject, 'appointment' as fact_table,
           b.id as fact_id, b.code, b.created_from_day as day, b.start_from_day - 2 as due_day
    from wishes w
    join future_appointment b on b.patient_id = w.patient_id and b.is_remote = w.is_remote
    union all
    select w.rule_id, w.patient_id, n.subject, m.fact_table, m.fact_id, m.code, m.start_day as day,
           cast(null as bigint) as due_day
    from wishes w
    join current_medication m on m.patient_id = w.patient_id
    join medicine i on i.code = m.code
    join ingredient_class k on k.ingredient = i.ingredient and k.class_name = w.class_name
    join medicine_name n on n.code = m.code
),
one as (
    select rule_id, patient_id, subject, min(fact_id) as fact_id
    from against
    group by rule_id, patient_id, subject
),
talked as (
    select g.rule_id, g.patient_id, g.subject, max(c.id) as fact_id
    from against g
    join contact_made c on c.patient_id = g.patient_id and c.about_id = g.fact_id
    group by g.rule_id, g.patient_id, g.subject
),
agreed as (
    select g.rule_id, g.patient_id, g.subject, max(n.fact_id) as fact_id
    from against g
    join said_no n on n.patient_id = g.patient_id and n.about_id = g.fact_id
    where n.fact_table = 'communication'
    group by g.rule_id, g.patient_id, g.subject
),
evidence as (
    select g.rule_id, g.patient_id, g.subject, g.fact_table, g.fact_id, 'order' as role
    from against g
    union all
    select g.rule_id, g.patient_id, g.subject, w.fact_table, w.fact_id, 'wish' as role
    from one g
    join stated_wish w on w.patient_id = g.patient_id
    join value_set_code v on v.code = w.code
    join family f on f.wish_set = v.value_set and f.rule_id = g.rule_id
    union all
    select t.rule_id, t.patient_id, t.subject, 'communication' as fact_table, t.fact_id, 'told' as role
    from talked t
    union all
    select d.rule_id, d.patient_id, d.subject, 'communication' as fact_table, d.fact_id, 'said otherwise' as role
    from agreed d
)
select g.rule_id, g.patient_id, g.subject,
       case when d.fact_id is not null then 'EXCLUDED' when t.fact_id is not null then 'MET' else 'DUE' end as status,
       coalesce(g.day, a.day) as opens_on, coalesce(g.due_day, g.day + 2, a.day + 2) as due_on,
       cast(null as bigint) as lapses_on, a.day + 90 as recheck_on, case when d.fact_id is not null then 'declined' end as missing,
       coalesce(w.words, 'what was ordered') as say_what, g.day as say_ordered_on
from one o
join against g on g.rule_id = o.rule_id and g.patient_id = o.patient_id and g.subject = o.subject and g.fact_id = o.fact_id
cross join as_of a
left join concept_words w on w.code = g.code
left join talked t on t.rule_id = g.rule_id and t.patient_id = g.patient_id and t.subject = g.subject
left join agreed d on d.rule_id = g.rule_id and d.patient_id = g.patient_id and d.subject = g.subject

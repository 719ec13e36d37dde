/* ---
title: Several medicines that lengthen the heartbeat's QT
why: Each adds a little; together they can bring on a heartbeat that kills without warning.
kind: conflict
question: Does anybody look at {patient}'s heart tracing now that {count} medicines lengthen QT?
reason: "{first}, {second}{more} lengthen QT by their labels; together since {since_on}, and no heart tracing (ECG) since."
met: "{first}, {second}{more} lengthen QT by their labels; {met_by}."
next_step: Ask the prescribers whether all are needed, and for an ECG, potassium and magnesium
excluded:
  declined: "{patient} knows, and wants to go on with {first} and {second}."
  same_prescriber: "One prescriber ordered {first}, {second}{more}, and saw them together."
authority:
  name: "ONC high-priority interactions (JAMIA 2012); warnings on QT in FDA labels, own list"
  edition: "2012; 2026-11-22, draft"
  url: https://academic.oup.com/jamia
  valid_from: 2012-01-01
notes: The list of medicines is our own reading of labels, from memory; no published list of QT medicines is copied.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
needs: [current_ingredient, ingredient_flag, ingredient, done_test, settled, value_set_code, as_of]
--- */
-- Two or more ingredients whose label warns of QT, counted from the day the newest came. One row a person. An ECG since
-- that day, or a clinician's decision, makes it MET; all ordered by one prescriber: EXCLUDED, as with pairs.
with taken as (
    select m.patient_id, m.ingredient, m.fact_table, m.fact_id, m.start_day, m.last_day, m.prescriber
    from current_ingredient m
    join ingredient_flag f on f.ingredient = m.ingredient
    where f.flag = 'qt_label_warning'
),
medicine_of as (
    select patient_id, ingredient, min(start_day) as start_day, min(last_day) + 1 as ends_on, count(*) as orders,
           count(prescriber) as named, max(fact_id) as fact_id
    from taken
    group by patient_id, ingredient
),
ranked as (
    select patient_id, ingredient, start_day, ends_on, orders, named,
           row_number() over (partition by patient_id order by start_day desc nulls last, fact_id desc nulls last) as place
    from medicine_of
),
load as (
    select r.patient_id, count(*) as medicines, max(r.start_day) as since, min(r.ends_on) as ends_on,
           sum(r.orders) as orders, sum(r.named) as named, a.day + 90 as horizon
    from ranked r
    cross join as_of a
    group by r.patient_id, a.day
),
prescribed as (
    select patient_id, count(distinct prescriber) as prescribers from taken group by patient_id
),
traced as (
    select l.patient_id, d.fact_table, d.fact_id,
           row_number() over (partition by l.patient_id order by d.from_day desc nulls last, d.fact_id desc nulls last) as place
    from load l
    join done_test d on d.patient_id = l.patient_id
    join value_set_code v on v.code = d.code and v.value_set = 'heart_tracing'
    where d.from_day >= l.since
),
word as (
    select l.patient_id, s.is_decision, s.fact_table, s.fact_id,
           row_number() over (partition by l.patient_id order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from load l
    join taken t on t.patient_id = l.patient_id
    join settled s on s.patient_id = l.patient_id and s.about_id = t.fact_id
    where s.settled_day >= l.since
),
judged as (
    select l.patient_id, l.medicines, l.since, w.is_decision, e.fact_id as ecg_id,
           case when l.ends_on < l.horizon then l.ends_on else l.horizon end as recheck_on,
           case when e.fact_id is not null then 'MET'
                when w.is_decision = 1 then 'MET'
                when w.is_decision = 0 then 'EXCLUDED'
                when p.prescribers = 1 and l.named = l.orders then 'EXCLUDED'
                else 'DUE' end as status
    from load l
    join prescribed p on p.patient_id = l.patient_id
    left join traced e on e.patient_id = l.patient_id and e.place = 1
    left join word w on w.patient_id = l.patient_id and w.place = 1
),
evidence as (
    select patient_id, 'medicines:qt' as subject, fact_table, fact_id, 'medicine' as role from taken
    union
    select patient_id, 'medicines:qt', fact_table, fact_id, 'heart tracing' from traced where place = 1
    union
    select patient_id, 'medicines:qt', fact_table, fact_id, 'word' from word where place = 1
)
select j.patient_id, 'medicines:qt' as subject, j.status,
       j.since as opens_on,
       j.since + 3 as due_on,
       cast(null as integer) as lapses_on,
       j.recheck_on,
       case when j.status = 'EXCLUDED' then case when j.is_decision = 0 then 'declined' else 'same_prescriber' end end as missing,
       j.medicines as say_count,
       i.name as say_first,
       k.name as say_second,
       case when j.medicines > 2 then ' and ' || cast(j.medicines - 2 as varchar(20)) || ' more' else '' end as say_more,
       j.since as say_since_on,
       case when j.ecg_id is not null then 'an ECG was done since the newest came'
            else 'a clinician decided that they stay' end as say_met_by
from judged j
join ranked x on x.patient_id = j.patient_id and x.place = 1
join ranked y on y.patient_id = j.patient_id and y.place = 2
join ingredient i on i.ingredient = x.ingredient
join ingredient k on k.ingredient = y.ingredient

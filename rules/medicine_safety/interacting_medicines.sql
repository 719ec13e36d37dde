/* ---
title: Two medicines that clash
why: Two prescribers often do not see each other's list; some pairs bleed, stop breathing or stop hearts.
kind: conflict
question: Do both prescribers know that {patient} takes {first} and {second}?
reason: "{first} with {second}: {effect}. Suggested: {action}. ({severity}; {authority})"
next_step: Call the prescribers, or have the pharmacist call them
met: "A clinician decided to keep both {first} and {second} ({effect})."
excluded:
  declined: "{patient} knows, and wants to keep both {first} and {second}."
  same_prescriber: "One prescriber ordered both {first} and {second}, and saw the two together."
authority:
  name: Each pair names its own (FDA label, ONC high-priority list 2012, VA NDF-RT 2014); the ONC low-priority list 2013 is kept quiet
  edition: "2026-11-22, draft"
  url: https://academic.oup.com/jamia
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
folds_into: "result:*"
harm: 5
needs: [current_ingredient, interaction, ingredient, settled, as_of]
--- */
-- Pairs of current medicines that our table calls contraindicated or major. A major pair ordered by one and the same
-- prescriber is EXCLUDED: that prescriber saw both. Who ordered is unknown: it is asked. A pair inside one combination
-- product is not a clash. Pairs that only add QT to QT are left to the rule qt_load, which counts them all. A clinician's decision, after both were on the list, to keep both makes it MET.
with pair as (
    select x.patient_id,
           'medicines:rxnorm:' || cast(x.ingredient as varchar(20)) || '+' || cast(y.ingredient as varchar(20)) as subject,
           x.ingredient as a, y.ingredient as b, i.severity, i.effect, i.action, i.authority,
           x.fact_table as table_a, x.fact_id as a_id, y.fact_table as table_b, y.fact_id as b_id,
           case when x.start_day > y.start_day then x.start_day else y.start_day end as since,
           x.last_day as last_a, y.last_day as last_b,
           case when x.prescriber = y.prescriber then x.fact_id end as seen_by_one
    from current_ingredient x
    join current_ingredient y on y.patient_id = x.patient_id and y.fact_id <> x.fact_id
    join interaction i on i.ingredient_a = x.ingredient and i.ingredient_b = y.ingredient
    where x.ingredient < y.ingredient and i.severity in ('contraindicated', 'major') and i.effect <> 'dangerous heart rhythm'
),
word as (
    select p.patient_id, p.subject, s.is_decision, s.fact_table, s.fact_id,
           row_number() over (partition by p.patient_id, p.subject
                              order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from pair p
    join settled s on s.patient_id = p.patient_id and s.about_id in (p.a_id, p.b_id)
    where s.settled_day >= p.since
),
clash as (
    select patient_id, subject, a, b, severity, effect, action, authority,
           min(since) as since, count(*) as pairs, count(seen_by_one) as seen
    from pair
    group by patient_id, subject, a, b, severity, effect, action, authority
),
change as (
    select patient_id, subject, last_a + 1 as day from pair
    union all
    select patient_id, subject, last_b + 1 from pair
    union all
    select p.patient_id, p.subject, t.day + 90 from pair p cross join as_of t
),
next_change as (
    select patient_id, subject, min(day) as day from change group by patient_id, subject
),
evidence as (
    select patient_id, subject, table_a as fact_table, a_id as fact_id, 'medicine' as role from pair
    union
    select patient_id, subject, table_b, b_id, 'medicine' from pair
    union
    select patient_id, subject, fact_table, fact_id, 'word' from word where place = 1
)
select c.patient_id, c.subject,
       case when w.is_decision = 1 then 'MET'
            when w.is_decision = 0 then 'EXCLUDED'
            when c.pairs > c.seen or c.severity = 'contraindicated' then 'DUE'
            else 'EXCLUDED' end as status,
       c.since as opens_on,
       c.since + case when c.severity = 'contraindicated' then 1 else 7 end as due_on,
       cast(null as integer) as lapses_on,
       d.day as recheck_on,
       case when w.is_decision = 0 then 'declined'
            when w.is_decision is null and c.pairs = c.seen and c.severity <> 'contraindicated' then 'same_prescriber' end as missing,
       i.name as say_first,
       j.name as say_second,
       c.effect as say_effect,
       c.action as say_action,
       c.severity as say_severity,
       c.authority as say_authority
from clash c
join next_change d on d.patient_id = c.patient_id and d.subject = c.subject
join ingredient i on i.ingredient = c.a
join ingredient j on j.ingredient = c.b
left join word w on w.patient_id = c.patient_id and w.subject = c.subject and w.place = 1

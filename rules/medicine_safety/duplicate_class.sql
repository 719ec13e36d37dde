/* ---
title: Two medicines of one kind
why: Two medicines that do the same thing double the side effects without doubling the good.
kind: conflict
question: Is {patient} meant to take both {first} and {second}?
reason: "{what}: {first} and {second}. Suggested: {action}."
next_step: Go through the list with the person and ask the prescribers which one to keep
met: "{what}: {first} and {second}. The list was gone through since, or a clinician decided to keep both."
excluded:
  declined: "{patient} knows, and wants to keep both {first} and {second}."
authority:
  name: Beforehand table of duplicate therapy, from product labels
  edition: "2026-11-22, draft"
  url: https://dailymed.nlm.nih.gov/dailymed/
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: reconcile
harm: 3
needs: [current_ingredient, ingredient_class, duplicate_class, ingredient, settled, done_procedure, value_set_code, as_of]
--- */
-- Two different ingredients of classes that our table calls an error together (two statins, ACE inhibitor with ARB, ...),
-- in two different orders or statements. Pairs that can be planned (table level warn or sum) stay silent. One row a pair
-- of classes, naming the two newest medicines. The list gone through after both were on it makes it MET.
with pair as (
    select x.patient_id, 'class:' || k.class_a || '+' || k.class_b as subject, k.what, k.action,
           x.ingredient as a, y.ingredient as b,
           x.fact_table as table_a, x.fact_id as a_id, y.fact_table as table_b, y.fact_id as b_id,
           case when x.start_day > y.start_day then x.start_day else y.start_day end as since,
           x.last_day as last_a, y.last_day as last_b
    from current_ingredient x
    join ingredient_class g on g.ingredient = x.ingredient
    join duplicate_class k on k.class_a = g.class_name
    join ingredient_class h on h.class_name = k.class_b
    join current_ingredient y on y.patient_id = x.patient_id and y.ingredient = h.ingredient
    where k.level = 'error' and x.fact_id <> y.fact_id and x.ingredient <> y.ingredient
),
settling as (
    select p.patient_id, p.subject, s.is_decision, s.settled_day, s.fact_table, s.fact_id
    from pair p
    join settled s on s.patient_id = p.patient_id and s.about_id in (p.a_id, p.b_id)
    where s.settled_day >= p.since
    union
    select p.patient_id, p.subject, 1, d.done_from_day, 'procedure', d.id
    from pair p
    join done_procedure d on d.patient_id = p.patient_id
    join value_set_code v on v.code = d.code and v.value_set = 'medication_reconciliation'
    where d.done_from_day >= p.since
),
word as (
    select patient_id, subject, is_decision, fact_table, fact_id,
           row_number() over (partition by patient_id, subject order by settled_day desc nulls last, fact_id desc nulls last) as place
    from settling
),
newest as (
    select patient_id, subject, what, action, a, b, since,
           row_number() over (partition by patient_id, subject
                              order by since desc nulls last, a_id desc nulls last, b_id desc nulls last) as place
    from pair
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
            else 'DUE' end as status,
       c.since as opens_on,
       c.since + 7 as due_on,
       cast(null as integer) as lapses_on,
       d.day as recheck_on,
       case when w.is_decision = 0 then 'declined' end as missing,
       i.name as say_first,
       j.name as say_second,
       c.what as say_what,
       c.action as say_action
from newest c
join next_change d on d.patient_id = c.patient_id and d.subject = c.subject
join ingredient i on i.ingredient = c.a
join ingredient j on j.ingredient = c.b
left join word w on w.patient_id = c.patient_id and w.subject = c.subject and w.place = 1
where c.place = 1

/* ---
title: The same medicine twice
why: Two names for one medicine are easily taken both, and the dose doubles.
kind: conflict
question: Is {patient} meant to take {medicine} from two prescriptions?
reason: "{medicine} stands on the list in {orders} places, ordered by different people or as different products."
next_step: Go through the list with the person and ask the prescribers which one to keep
met: "{medicine} stands on the list in {orders} places; it was settled which holds, the list was gone through since, or a clinician decided."
excluded:
  declined: "{patient} did not want to go through {medicine} on the list."
  same_prescriber: "One prescriber ordered {medicine} as {orders} products, and saw them together."
authority:
  name: National Patient Safety Goal NPSG.03.06.01, maintain and communicate accurate medication information
  edition: "2024"
  url: https://www.jointcommission.org/
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: reconcile
harm: 3
needs: [current_ingredient, ingredient, settled, settled_pair, done_procedure, value_set_code, as_of]
--- */
-- Two current orders or statements with a common ingredient, combination products included. The same product ordered
-- again by the same prescriber, or by nobody in particular, is a renewal and stays silent. Different products of one
-- prescriber (a strength that was changed, two strengths together) are EXCLUDED: that prescriber saw both.
-- The list gone through after both were on it makes it MET; so does that of each two it was settled which holds.
with pair as (
    select x.patient_id, 'medicine:rxnorm:' || cast(x.ingredient as varchar(20)) as subject, x.ingredient,
           x.fact_table as table_a, x.fact_id as a_id, y.fact_table as table_b, y.fact_id as b_id,
           case when x.start_day > y.start_day then x.start_day else y.start_day end as since,
           x.last_day as last_a, y.last_day as last_b,
           case when x.prescriber = y.prescriber then x.fact_id end as seen_by_one
    from current_ingredient x
    join current_ingredient y on y.patient_id = x.patient_id and y.ingredient = x.ingredient
    where x.fact_id < y.fact_id and (x.prescriber <> y.prescriber or x.code <> y.code)
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
told as (
    select p.patient_id, p.subject, p.ingredient, p.since, z.fact_id as settlement_id,
           case when z.fact_id is null then p.seen_by_one else p.a_id end as seen
    from pair p
    left join settled_pair z on z.patient_id = p.patient_id and z.one_id = p.a_id and z.other_id = p.b_id
),
twice as (
    select patient_id, subject, ingredient, min(since) as since, count(*) as pairs, count(seen) as seen,
           count(settlement_id) as settled
    from told
    group by patient_id, subject, ingredient
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
medicine_fact as (
    select patient_id, subject, table_a as fact_table, a_id as fact_id from pair
    union
    select patient_id, subject, table_b, b_id from pair
),
counted as (
    select patient_id, subject, count(*) as orders from medicine_fact group by patient_id, subject
),
evidence as (
    select patient_id, subject, fact_table, fact_id, 'medicine' as role from medicine_fact
    union all
    select patient_id, subject, fact_table, fact_id, 'word' from word where place = 1
    union all
    select patient_id, subject, 'settlement', settlement_id, 'settled' from told where settlement_id is not null
)
select c.patient_id, c.subject,
       case when w.is_decision = 1 then 'MET'
            when w.is_decision = 0 then 'EXCLUDED'
            when c.pairs > c.seen then 'DUE'
            when c.settled > 0 then 'MET'
            else 'EXCLUDED' end as status,
       c.since as opens_on,
       c.since + 7 as due_on,
       cast(null as integer) as lapses_on,
       d.day as recheck_on,
       case when w.is_decision = 0 then 'declined'
            when w.is_decision is null and c.pairs = c.seen and c.settled = 0 then 'same_prescriber' end as missing,
       i.name as say_medicine,
       n.orders as say_orders
from twice c
join next_change d on d.patient_id = c.patient_id and d.subject = c.subject
join counted n on n.patient_id = c.patient_id and n.subject = c.subject
join ingredient i on i.ingredient = c.ingredient
left join word w on w.patient_id = c.patient_id and w.subject = c.subject and w.place = 1

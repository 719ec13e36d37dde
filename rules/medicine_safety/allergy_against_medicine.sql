/* ---
title: Medicine against a recorded allergy
why: An allergy noted in one place is often not seen by the prescriber in another.
kind: conflict
question: Does the prescriber of {medicine} know of {patient}'s allergy to {allergy}?
reason: "On the list: {medicine}. Recorded allergy: {allergy}. {note}"
next_step: Ask the person what happened then, and call the prescriber before the next dose
met: "A clinician decided that {patient} goes on with {medicine} although {allergy} is recorded as an allergy."
excluded:
  declined: "{patient} knows, and wants to go on with {medicine} although {allergy} is recorded as an allergy."
missing:
  reaction: What happened at the reaction is not recorded, so nobody can tell whether {medicine} matters.
authority:
  name: Same medicine or class as recorded; across classes AAAAI/ACAAI 2022 drug allergy practice parameter and product labels
  edition: "2022"
  url: https://www.aaaai.org/
  valid_from: 2022-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 5
unknown: ask
needs: [current_allergy, current_ingredient, allergen, allergy_cross, ingredient, concept_words, settled, as_of]
--- */
-- The ingredient itself or its class is on the allergy list: DUE. Another medicine that our cross-reaction table says to
-- avoid: DUE. One that depends on what happened: DUE when a reaction is recorded, else UNKNOWN. What is known to be no
-- cross-reaction (penicillin and cefazolin, sulfa antibiotics and water pills, shellfish and contrast) stays silent.
with named as (
    select g.patient_id, g.id, g.reaction, g.recorded_from_day, l.ingredient, w.words
    from current_allergy g
    join allergen l on l.code = g.code
    left join concept_words w on w.code = g.code
),
suspect as (
    select patient_id, id, reaction, recorded_from_day, words, ingredient, 3 as weight,
           'It is the medicine or the class that was recorded.' as note
    from named
    union all
    select n.patient_id, n.id, n.reaction, n.recorded_from_day, n.words, x.ingredient_b,
           case when x.verdict = 'avoid' or n.reaction is not null then 2 else 1 end, x.note
    from named n
    join allergy_cross x on x.ingredient_a = n.ingredient
),
hit as (
    select s.patient_id, 'medicine:rxnorm:' || cast(m.ingredient as varchar(20)) as subject, m.ingredient,
           m.fact_table, m.fact_id, m.start_day, m.last_day, s.id as allergy_id, s.words, s.note, s.weight,
           case when s.recorded_from_day > m.start_day then s.recorded_from_day else m.start_day end as since,
           row_number() over (partition by s.patient_id, m.ingredient
                              order by s.weight desc nulls last, s.id desc nulls last, m.fact_id desc nulls last) as place
    from suspect s
    join current_ingredient m on m.patient_id = s.patient_id and m.ingredient = s.ingredient
),
word as (
    select h.patient_id, h.subject, s.is_decision, s.fact_table, s.fact_id,
           row_number() over (partition by h.patient_id, h.subject
                              order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from hit h
    join settled s on s.patient_id = h.patient_id and s.about_id in (h.fact_id, h.allergy_id)
    where s.settled_day >= h.since
),
change as (
    select patient_id, subject, last_day + 1 as day from hit
    union all
    select h.patient_id, h.subject, t.day + 90 from hit h cross join as_of t
),
next_change as (
    select patient_id, subject, min(day) as day from change group by patient_id, subject
),
evidence as (
    select patient_id, subject, fact_table, fact_id, 'medicine' as role from hit
    union
    select patient_id, subject, 'allergy', allergy_id, 'allergy' from hit
    union
    select patient_id, subject, fact_table, fact_id, 'word' from word where place = 1
)
select h.patient_id, h.subject,
       case when w.is_decision = 1 then 'MET'
            when w.is_decision = 0 then 'EXCLUDED'
            when h.weight = 1 then 'UNKNOWN'
            else 'DUE' end as status,
       h.since as opens_on,
       h.since + 1 as due_on,
       cast(null as integer) as lapses_on,
       d.day as recheck_on,
       case when w.is_decision = 0 then 'declined'
            when h.weight = 1 and w.is_decision is null then 'reaction' end as missing,
       i.name as say_medicine,
       h.words as say_allergy,
       h.note as say_note
from hit h
join next_change d on d.patient_id = h.patient_id and d.subject = h.subject
join ingredient i on i.ingredient = h.ingredient
left join word w on w.patient_id = h.patient_id and w.subject = h.subject and w.place = 1
where h.place = 1

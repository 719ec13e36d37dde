/* ---
title: Medicine against a condition on record
why: The prescriber of one medicine often does not see the condition that another clinician wrote down.
kind: conflict
question: Does the prescriber of {medicine} know of {condition} on {patient}'s record?
reason: "On the list: {medicine}. On record: {condition}. {risk}."
met: "A clinician decided that {patient} goes on with {medicine} although {condition} is on record."
next_step: "Call the prescriber: {action}"
excluded:
  declined: "{patient} knows, and wants to go on with {medicine}."
authority: {name: named in each row, edition: current labels, url: "https://dailymed.nlm.nih.gov/dailymed/", valid_from: 2020-01-01}
notes: The labels were not opened while this was written; each row is to be checked against them.
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/condition_cautions.csv
whole: [harm, days_to_act]
step_kind: call
needs: [current_ingredient, rule_medicine, known_condition, ingredient, concept_words, settled, value_set_code, as_of]
--- */
-- A current medicine that the row names, and a condition of the row's set: one that stands, or also one that is over where
-- the row says so (history). One row a medicine, naming the condition recorded last. A clinician's decision about the
-- medicine or the condition, made since both were on the record, makes it MET.
with hit as (
    select f.rule_id, m.patient_id, m.ingredient, m.fact_table, m.fact_id, m.last_day, c.id as condition_id, c.code,
           m.start_day, coalesce(c.recorded_from_day, c.onset_from_day) as known_day,
           row_number() over (partition by f.rule_id, m.patient_id, m.ingredient
                              order by coalesce(c.recorded_from_day, c.onset_from_day) desc nulls last, c.id desc nulls last,
                                       m.fact_id desc nulls last) as place
    from current_ingredient m
    join rule_medicine r on r.ingredient = m.ingredient
    join family f on f.rule_id = r.rule_id
    join known_condition c on c.patient_id = m.patient_id
    join value_set_code v on v.code = c.code and v.value_set = f.condition_set
    where c.is_active = 1 or f.history = 'yes'
),
pair as (
    select rule_id, patient_id, ingredient, coalesce(min(start_day), min(known_day)) as start_day,
           coalesce(min(known_day), min(start_day)) as known_day, min(last_day) + 1 as ends_on
    from hit
    group by rule_id, patient_id, ingredient
),
judged as (
    select p.rule_id, p.patient_id, p.ingredient, p.ends_on, a.day + 90 as horizon,
           case when p.known_day > p.start_day then p.known_day else p.start_day end as since
    from pair p
    cross join as_of a
),
about as (
    select rule_id, patient_id, ingredient, fact_table, fact_id, 'medicine' as role from hit
    union
    select rule_id, patient_id, ingredient, 'condition', condition_id, 'condition' from hit
),
word as (
    select j.rule_id, j.patient_id, j.ingredient, s.is_decision, s.fact_table, s.fact_id,
           row_number() over (partition by j.rule_id, j.patient_id, j.ingredient
                              order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from judged j
    join about b on b.rule_id = j.rule_id and b.patient_id = j.patient_id and b.ingredient = j.ingredient
    join settled s on s.patient_id = j.patient_id and s.about_id = b.fact_id
    where s.settled_day >= j.since
),
evidence as (
    select rule_id, patient_id, 'medicine:rxnorm:' || cast(ingredient as varchar(20)) as subject, fact_table, fact_id, role
    from about
    union all
    select rule_id, patient_id, 'medicine:rxnorm:' || cast(ingredient as varchar(20)), fact_table, fact_id, 'word'
    from word where place = 1
)
select j.rule_id, j.patient_id, 'medicine:rxnorm:' || cast(j.ingredient as varchar(20)) as subject,
       case when w.is_decision = 1 then 'MET'
            when w.is_decision = 0 then 'EXCLUDED'
            else 'DUE' end as status,
       j.since as opens_on,
       j.since + f.days_to_act as due_on,
       cast(null as integer) as lapses_on,
       case when j.ends_on < j.horizon then j.ends_on else j.horizon end as recheck_on,
       case when w.is_decision = 0 then 'declined' end as missing,
       i.name as say_medicine,
       coalesce(k.words, f.title) as say_condition,
       f.risk as say_risk,
       f.action as say_action
from judged j
join family f on f.rule_id = j.rule_id
join hit h on h.rule_id = j.rule_id and h.patient_id = j.patient_id and h.ingredient = j.ingredient and h.place = 1
join ingredient i on i.ingredient = j.ingredient
left join concept_words k on k.code = h.code
left join word w on w.rule_id = j.rule_id and w.patient_id = j.patient_id and w.ingredient = j.ingredient and w.place = 1

/* ---
title: Three medicines that are dangerous together
why: A check of pairs does not see what three do together.
kind: conflict
question: Do the prescribers know that {patient} takes {first}, {second} and {third} together?
reason: "{first}, {second} and {third} together: {risk}."
met: "A clinician decided that {patient} goes on with {first}, {second} and {third}."
next_step: "Call the prescribers: {action}"
excluded:
  declined: "{patient} knows, and wants to go on with {first}, {second} and {third}."
authority: {name: named in each row, edition: current labels, url: "https://dailymed.nlm.nih.gov/dailymed/", valid_from: 2020-01-01}
notes: The labels were not opened while this was written; each row is to be checked against them.
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/three_medicines.csv
whole: [harm, days_to_act]
step_kind: call
needs: [current_ingredient, rule_medicine, ingredient, settled, as_of]
--- */
-- One current medicine of each of the three groups, combination products counted by their parts. One row a person, naming
-- the newest medicine of each group. A clinician's decision about any of them, since the third came, makes it MET.
with taken as (
    select f.rule_id, m.patient_id, r.part, m.ingredient, m.fact_table, m.fact_id, m.start_day, m.last_day,
           row_number() over (partition by f.rule_id, m.patient_id, r.part
                              order by m.start_day desc nulls last, m.fact_id desc nulls last, m.ingredient desc nulls last,
                                       m.fact_id nulls last) as place
    from current_ingredient m
    join rule_medicine r on r.ingredient = m.ingredient
    join family f on f.rule_id = r.rule_id
),
part as (
    select rule_id, patient_id, part, min(start_day) as start_day, min(last_day) as last_day
    from taken
    group by rule_id, patient_id, part
),
stacked as (
    select p.rule_id, p.patient_id, max(p.start_day) as since, min(p.last_day) + 1 as ends_on, a.day + 90 as horizon
    from part p
    cross join as_of a
    group by p.rule_id, p.patient_id, a.day
    having count(*) = 3
),
word as (
    select s.rule_id, s.patient_id, d.is_decision, d.fact_table, d.fact_id,
           row_number() over (partition by s.rule_id, s.patient_id
                              order by d.settled_day desc nulls last, d.fact_id desc nulls last) as place
    from stacked s
    join taken t on t.rule_id = s.rule_id and t.patient_id = s.patient_id
    join settled d on d.patient_id = s.patient_id and d.about_id = t.fact_id
    where d.settled_day >= s.since
),
evidence as (
    select t.rule_id, t.patient_id, 'medicines:' || t.rule_id as subject, t.fact_table, t.fact_id, 'medicine' as role
    from taken t
    union
    select rule_id, patient_id, 'medicines:' || rule_id, fact_table, fact_id, 'word' from word where place = 1
)
select s.rule_id, s.patient_id, 'medicines:' || s.rule_id as subject,
       case when w.is_decision = 1 then 'MET'
            when w.is_decision = 0 then 'EXCLUDED'
            else 'DUE' end as status,
       s.since as opens_on,
       s.since + f.days_to_act as due_on,
       cast(null as integer) as lapses_on,
       case when s.ends_on < s.horizon then s.ends_on else s.horizon end as recheck_on,
       case when w.is_decision = 0 then 'declined' end as missing,
       i.name as say_first,
       j.name as say_second,
       k.name as say_third,
       f.risk as say_risk,
       f.action as say_action
from stacked s
join family f on f.rule_id = s.rule_id
join taken x on x.rule_id = s.rule_id and x.patient_id = s.patient_id and x.part = 1 and x.place = 1
join taken y on y.rule_id = s.rule_id and y.patient_id = s.patient_id and y.part = 2 and y.place = 1
join taken z on z.rule_id = s.rule_id and z.patient_id = s.patient_id and z.part = 3 and z.place = 1
join ingredient i on i.ingredient = x.ingredient
join ingredient j on j.ingredient = y.ingredient
join ingredient k on k.ingredient = z.ingredient
left join word w on w.rule_id = s.rule_id and w.patient_id = s.patient_id and w.place = 1

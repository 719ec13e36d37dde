/* ---
title: Medicine to be decided on before a procedure
why: Some medicines must pause before a procedure and others must not; only a clinician can say.
kind: question
question: Has a clinician decided about {medicine} before {visit_on}?
reason: "{patient} takes {medicine}; {visit} is on {visit_on}."
next_step: Ask the clinician.
missing:
  exact_day: "The day of the visit, or of the decision about the medicine, is known only by its month. Ask the office for the day."
excluded:
  declined: "{patient} does not want this visit as it stands."
authority: {name: named in each row, edition: "", url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: Written from the guidance as known; the pages were not opened on the day of writing; the addresses are those of the bodies.
family: knowledge/medicines_before_procedure.csv
whole: [opens_days, due_days]
step_kind: call
needs: [visit_ahead, visit_service, current_ingredient, ingredient_class, ingredient, contact_made, settled, said_no,
        value_set_code]
--- */
with
classes as (
    select rule_id, class_a as class_name from family
    union all
    select rule_id, class_b as class_name from family
    union all
    select rule_id, class_c as class_name from family
),
visits as (
    select distinct f.rule_id, v.patient_id, v.id, f.opens_days, f.due_days
    from visit_service v
    join value_set_code s on s.code = v.code
    join family f on f.visit_set = s.value_set
),
taken as (
    select distinct v.rule_id, v.patient_id, v.id, v.opens_days, v.due_days, m.ingredient, m.fact_table, m.fact_id
    from visits v
    join current_ingredient m on m.patient_id = v.patient_id
    join ingredient_class k on k.ingredient = m.ingredient
    join classes c on c.rule_id = v.rule_id and c.class_name = k.class_name
),
-- one medicine speaks for the visit; all of them stand in the evidence
foremost as (
    select t.rule_id, t.patient_id, t.id, t.opens_days, t.due_days, t.ingredient,
           row_number() over (partition by t.rule_id, t.patient_id, t.id
                              order by t.ingredient nulls last, t.fact_id nulls last) as place
    from taken t
),
decided as (
    select distinct t.rule_id, t.patient_id, t.id, 'communication' as fact_table, c.id as fact_id
    from taken t
    join contact_made c on c.patient_id = t.patient_id and c.about_id = t.id
    join value_set_code w on w.code = c.topic and w.value_set = 'work_pause_decided'
    union all
    select t.rule_id, t.patient_id, t.id, s.fact_table, s.fact_id
    from taken t
    join visit_ahead b on b.patient_id = t.patient_id and b.id = t.id
    join settled s on s.patient_id = t.patient_id and s.about_id = t.fact_id
    where s.is_decision = 1 and s.settled_day >= b.day - t.opens_days
),
declined as (
    select distinct t.rule_id, t.patient_id, t.id, n.fact_table, n.fact_id
    from taken t
    join said_no n on n.patient_id = t.patient_id and n.about_id = t.id
),
judged as (
    select l.rule_id, l.patient_id, l.id, l.ingredient, l.opens_days, l.due_days, b.day, b.over_day, b.visit,
           case when n.id is not null then 'EXCLUDED'
                when d.id is not null then 'MET'
                else 'DUE' end as status
    from foremost l
    join visit_ahead b on b.patient_id = l.patient_id and b.id = l.id
    left join (select distinct rule_id, patient_id, id from decided) d
        on d.rule_id = l.rule_id and d.patient_id = l.patient_id and d.id = l.id
    left join (select distinct patient_id, id from declined) n on n.patient_id = l.patient_id and n.id = l.id
    where l.place = 1
),
evidence as (
    select v.rule_id, v.patient_id, 'pause:' || cast(v.id as varchar(20)) as subject, 'appointment' as fact_table,
           v.id as fact_id, 'visit' as role
    from visits v
    union all
    select t.rule_id, t.patient_id, 'pause:' || cast(t.id as varchar(20)) as subject, t.fact_table, t.fact_id,
           'medicine' as role
    from taken t
    union all
    select d.rule_id, d.patient_id, 'pause:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id,
           'decision' as role
    from decided d
    union all
    select n.rule_id, n.patient_id, 'pause:' || cast(n.id as varchar(20)) as subject, n.fact_table, n.fact_id,
           'declined' as role
    from declined n
)
select j.rule_id, j.patient_id, 'pause:' || cast(j.id as varchar(20)) as subject, j.status,
       j.day - j.opens_days as opens_on, j.day - j.due_days as due_on, j.over_day as lapses_on,
       case when j.over_day < a.day + 90 then j.over_day else a.day + 90 end as recheck_on,
       case when j.status = 'EXCLUDED' then 'declined' end as missing,
       'appointment:' || cast(j.id as varchar(20)) as blocks,
       j.visit as say_visit, j.day as say_visit_on, i.name as say_medicine
from judged j
join ingredient i on i.ingredient = j.ingredient
cross join as_of a

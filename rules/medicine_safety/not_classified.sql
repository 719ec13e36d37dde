/* ---
title: Medicine we cannot check
why: A check that says nothing about a medicine must say that it did not look.
kind: question
question: Has a pharmacist looked at {medicine} for {patient}?
reason: "{medicine} is on the list. Interactions, doubles and allergies were not checked for it."
next_step: Ask the pharmacist to check it by hand
missing:
  medicine: We do not know what is in this medicine.
  classes: This medicine is not classified; interactions by class were not checked.
authority:
  name: Beforehand, stated coverage of the medicine tables
  edition: "2026-11-22, draft"
  url: https://www.nlm.nih.gov/research/umls/rxnorm/
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: other
harm: 2
needs: [person, current_medication, medicine_name, medicine, ingredient, concept_words, as_of]
--- */
-- UNKNOWN for every current medicine that our tables do not know, or whose ingredients nobody has classified. Creams and
-- the like hardly reach the blood and are left alone. Medicines that are classified have no row.
with taken as (
    select m.patient_id, m.fact_table, m.fact_id, m.code, m.start_day, m.last_day,
           coalesce(n.subject, 'medicine:concept:' || cast(m.code as varchar(20))) as subject,
           coalesce(n.name, w.words, 'A medicine without a name') as name,
           case when n.subject is null then 'medicine' else 'classes' end as missing
    from current_medication m
    join person p on p.patient_id = m.patient_id
    left join medicine_name n on n.code = m.code
    left join concept_words w on w.code = m.code
    where n.subject is null or n.is_local = 0
),
unchecked as (
    select t.patient_id, t.subject, t.fact_table, t.fact_id, t.name, t.missing, t.start_day, t.last_day
    from taken t
    where t.missing = 'medicine'
    union
    select t.patient_id, t.subject, t.fact_table, t.fact_id, t.name, t.missing, t.start_day, t.last_day
    from taken t
    join medicine i on i.code = t.code
    join ingredient g on g.ingredient = i.ingredient
    where g.is_classified = 0
),
one as (
    select patient_id, subject, name, missing, start_day,
           row_number() over (partition by patient_id, subject order by start_day desc nulls last, fact_id desc nulls last) as place
    from unchecked
),
change as (
    select patient_id, subject, last_day + 1 as day from unchecked
    union all
    select u.patient_id, u.subject, a.day + 90 from unchecked u cross join as_of a
),
next_change as (
    select patient_id, subject, min(day) as day from change group by patient_id, subject
),
evidence as (
    select patient_id, subject, fact_table, fact_id, 'medicine' as role from unchecked
)
select o.patient_id, o.subject, 'UNKNOWN' as status,
       o.start_day as opens_on, cast(null as integer) as due_on, cast(null as integer) as lapses_on,
       c.day as recheck_on, o.missing, o.name as say_medicine
from one o
join next_change c on c.patient_id = o.patient_id and c.subject = o.subject
where o.place = 1

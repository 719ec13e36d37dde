/* ---
title: First ninety days after a diagnosis
why: What is begun in the first weeks decides the years after; much of it is forgotten once the first shock is over.
kind: gap
question: Is this step arranged for {patient}?
reason: "New since {since_on}; nothing that answers this step is on record."
met: "New since {since_on}; done, or decided."
excluded:
  hospice: "{patient} is in hospice or palliative care."
  declined: "{patient} declined it."
next_step: Arrange the step
missing:
  onset: The day of the diagnosis is not known exactly, so the days cannot be counted.
authority: {name: see the rows, edition: "2026-11-22, draft", url: null, valid_from: 2020-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/pathway_steps.csv
whole: [day_from, day_to, before_days]
needs: [person, known_condition, done_test, given_vaccine, contact_made, document, placed_order, outpatient_visit, current_ingredient,
        ingredient_class, hospice_care, said_no, settled, value_set_code, as_of]
--- */
-- A diagnosis is new when the first word of it (active or resolved, refuted never) lies within the pathway and no medicine
-- that gives it away (known_by_class) was begun more than 90 days before. The first word is the day it began, or the day it was
-- written down when that falls in an inexact beginning or none is given. A step is answered by a test, procedure, vaccine,
-- document or word of done_set or done_2_set (both where is_both) from day_from on, or before_days earlier; by a
-- medicine of its classes on the list; by an order where the step is a referral; by a visit or a call where closes_by says
-- so; or by a clinician's decision about the diagnosis. All steps of one pathway make one need.
with pathway as (
    select pathway, diagnosis_set, known_by_class from family group by pathway, diagnosis_set, known_by_class
),
named as (
    select c.patient_id, w.pathway, w.known_by_class, c.id, c.is_active,
           case when c.onset_from_day = c.onset_to_day then c.onset_from_day
                when c.recorded_from_day = c.recorded_to_day
                     and c.recorded_from_day >= coalesce(c.onset_from_day, c.recorded_from_day)
                     and c.recorded_from_day <= coalesce(c.onset_to_day, c.recorded_from_day) then c.recorded_from_day
                else coalesce(c.onset_from_day, c.recorded_from_day) end as from_day,
           case when c.onset_from_day = c.onset_to_day then c.onset_from_day
                when c.recorded_from_day = c.recorded_to_day
                     and c.recorded_from_day >= coalesce(c.onset_from_day, c.recorded_from_day)
                     and c.recorded_from_day <= coalesce(c.onset_to_day, c.recorded_from_day) then c.recorded_from_day
                else coalesce(c.onset_to_day, c.recorded_to_day) end as to_day
    from known_condition c
    join value_set_code v on v.code = c.code
    join pathway w on w.diagnosis_set = v.value_set
),
first_word as (
    select n.patient_id, n.pathway, n.known_by_class, min(n.from_day) as from_day, min(n.to_day) as to_day
    from named n
    join person p on p.patient_id = n.patient_id
    cross join as_of a
    group by n.patient_id, n.pathway, n.known_by_class, a.day
    having max(n.is_active) = 1 and min(n.to_day) > a.day - 240
),
long_treated as (
    select f.patient_id, f.pathway
    from first_word f
    join current_ingredient m on m.patient_id = f.patient_id and m.start_day < f.from_day - 90
    join ingredient_class k on k.ingredient = m.ingredient and k.class_name = f.known_by_class
    group by f.patient_id, f.pathway
),
step as (
    select f.rule_id, w.patient_id, w.pathway, 'diagnosis:' || w.pathway as subject, w.from_day, w.to_day,
           w.from_day + f.day_from as open_day, w.from_day + f.day_to as due_day, w.from_day + f.day_to + 60 as last_day,
           w.from_day + f.day_from - f.before_days as since_day, f.done_set, f.done_2_set, f.is_both, f.medicine_class,
           f.medicine_2_class, f.medicine_3_class, f.closes_by, f.step_kind
    from first_word w
    join family f on f.pathway = w.pathway
    cross join as_of a
    left join long_treated l on l.patient_id = w.patient_id and l.pathway = w.pathway
    where l.patient_id is null and w.from_day + f.day_to + 60 > a.day
),
done as (
    select s.rule_id, s.patient_id, case when v.value_set = s.done_set then 1 else 2 end as part, d.fact_table, d.fact_id,
           cast(null as integer) as last_day
    from step s
    join done_test d on d.patient_id = s.patient_id and d.from_day >= s.since_day
    join value_set_code v on v.code = d.code and v.value_set in (s.done_set, s.done_2_set)
    union all
    select s.rule_id, s.patient_id, 1, 'immunization', g.id, cast(null as integer)
    from step s
    join given_vaccine g on g.patient_id = s.patient_id and g.given_from_day >= s.since_day
    join value_set_code v on v.code = g.code and s.done_set = v.value_set
    union all
    select s.rule_id, s.patient_id, 1, 'communication', c.id, cast(null as integer)
    from step s
    join contact_made c on c.patient_id = s.patient_id and c.sent_from_day >= s.since_day
    join value_set_code v on v.code = c.topic and v.value_set in (s.done_set, s.done_2_set)
    union all
    select s.rule_id, s.patient_id, 1, 'document_reference', d.id, cast(null as integer)
    from step s
    join document d on d.patient_id = s.patient_id and d.written_from_day >= s.since_day
    join value_set_code v on v.code = d.code and v.value_set in (s.done_set, s.done_2_set)
    union all
    select s.rule_id, s.patient_id, 1, 'service_request', o.id, cast(null as integer)
    from step s
    join placed_order o on o.patient_id = s.patient_id and o.authored_from_day >= s.since_day
    join value_set_code v on v.code = o.code and v.value_set in (s.done_set, s.done_2_set)
    where s.step_kind = 'referral'
    union all
    select s.rule_id, s.patient_id, 1, m.fact_table, m.fact_id, m.last_day
    from step s
    join current_ingredient m on m.patient_id = s.patient_id
    join ingredient_class k on k.ingredient = m.ingredient and k.class_name in (s.medicine_class, s.medicine_2_class, s.medicine_3_class)
    union all
    select s.rule_id, s.patient_id, 1, 'encounter', e.id, cast(null as integer)
    from step s
    join outpatient_visit e on e.patient_id = s.patient_id and e.start_from_day >= s.open_day and e.start_from_day > s.from_day
    where s.closes_by in ('visit', 'contact')
    union all
    select s.rule_id, s.patient_id, 1, 'communication', c.id, cast(null as integer)
    from step s
    join contact_made c on c.patient_id = s.patient_id and c.sent_from_day >= s.open_day
    where s.closes_by = 'contact'
),
parts as (
    select rule_id, patient_id, count(distinct part) as parts, min(last_day) as last_day
    from done
    group by rule_id, patient_id
),
word as (
    select s.rule_id, s.patient_id, w.is_decision, w.fact_table, w.fact_id
    from step s
    join named n on n.patient_id = s.patient_id and n.pathway = s.pathway
    join settled w on w.patient_id = s.patient_id and w.about_id = n.id
    union all
    select s.rule_id, s.patient_id, 0, n.fact_table, n.fact_id
    from step s
    join said_no n on n.patient_id = s.patient_id and n.day >= s.from_day
    join value_set_code v on v.code = n.code and v.value_set in (s.done_set, s.done_2_set)
),
spoken as (
    select rule_id, patient_id, max(is_decision) as is_decision from word group by rule_id, patient_id
),
answer as (
    select s.rule_id, s.patient_id, s.pathway, s.subject, s.from_day, s.open_day, s.due_day, s.last_day, p.last_day as medicine_day,
           case when h.patient_id is not null then 'EXCLUDED'
                when p.parts >= case when s.is_both = 'yes' then 2 else 1 end or w.is_decision = 1 then 'MET'
                when w.is_decision = 0 then 'EXCLUDED'
                when s.from_day < s.to_day then 'UNKNOWN'
                else 'DUE' end as status,
           case when h.patient_id is not null then 'hospice' else 'declined' end as reason_out
    from step s
    left join parts p on p.rule_id = s.rule_id and p.patient_id = s.patient_id
    left join spoken w on w.rule_id = s.rule_id and w.patient_id = s.patient_id
    left join (select distinct patient_id from hospice_care) h on h.patient_id = s.patient_id
),
change as (
    select rule_id, patient_id, last_day as day from answer
    union all
    select rule_id, patient_id, medicine_day + 1 from answer where medicine_day is not null
    union all
    select q.rule_id, q.patient_id, a.day + 90 from answer q cross join as_of a
),
next_change as (
    select rule_id, patient_id, min(day) as day from change group by rule_id, patient_id
),
evidence as (
    select s.rule_id, s.patient_id, s.subject, 'condition' as fact_table, n.id as fact_id, 'diagnosis' as role
    from step s
    join named n on n.patient_id = s.patient_id and n.pathway = s.pathway
    union
    select s.rule_id, s.patient_id, s.subject, d.fact_table, d.fact_id, 'done' as role
    from step s
    join done d on d.rule_id = s.rule_id and d.patient_id = s.patient_id
    union
    select s.rule_id, s.patient_id, s.subject, w.fact_table, w.fact_id, 'word' as role
    from step s
    join word w on w.rule_id = s.rule_id and w.patient_id = s.patient_id
    union
    select s.rule_id, s.patient_id, s.subject, h.fact_table, h.fact_id, 'exclusion' as role
    from step s
    join hospice_care h on h.patient_id = s.patient_id
)
select q.rule_id, q.patient_id, q.subject, q.status, q.open_day as opens_on, q.due_day as due_on, q.last_day as lapses_on,
       c.day as recheck_on,
       case when q.status = 'EXCLUDED' then q.reason_out when q.status = 'UNKNOWN' then 'onset' end as missing,
       q.from_day as say_since_on
from answer q
join next_change c on c.rule_id = q.rule_id and c.patient_id = q.patient_id

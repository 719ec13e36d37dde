/* ---
title: Medicine that asks for care at an older age
why: Labels warn of it, and prescriptions once begun are seldom looked at again.
kind: question
question: Has anybody asked whether {patient} still needs {medicine}?
reason: "{patient} has had {medicine} since {since_on}. At this age: {risk}."
met: "{patient} has had {medicine} since {since_on}; {met_by}."
next_step: "At the next contact, {action}"
excluded:
  declined: "{patient} wants to go on with {medicine}."
  reason_known: "There is a stated reason for {medicine}."
  hospice: "Comfort comes first: hospice or palliative care."
missing:
  birth: The day of birth is not exact enough to tell the age.
authority: {name: "FDA labels (use in older people, warnings), own words; no society list is copied", edition: current labels, url: "https://dailymed.nlm.nih.gov/dailymed/", valid_from: 2020-01-01}
notes: The labels were not opened while this was written; each row is to be checked against them.
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/older_adult_cautions.csv
whole: [age_from, days_in_use, harm, days_to_act]
step_kind: reconcile
unknown: show
needs: [person, current_ingredient, ingredient_history, rule_medicine, ingredient, known_condition, hospice_care, settled, done_procedure,
        value_set_code, as_of]
--- */
-- The medicine is current, its first order, fill or mention lies at least days_in_use back, and the person has reached the
-- row's age; opens with the order that is current now. One row a medicine; the list gone through, or a clinician's decision, within the last year makes it MET, and
-- the question comes back a year later.
with taken as (
    select f.rule_id, m.patient_id, m.ingredient, m.fact_table, m.fact_id, m.start_day, m.last_day, p.age_low, p.age_high
    from current_ingredient m
    join rule_medicine r on r.ingredient = m.ingredient
    join family f on f.rule_id = r.rule_id
    join person p on p.patient_id = m.patient_id
    where p.age_high >= f.age_from
),
first_had as (
    select t.rule_id, t.patient_id, t.ingredient, min(h.first_day) as first_day
    from taken t
    join ingredient_history h on h.patient_id = t.patient_id and h.ingredient = t.ingredient
    group by t.rule_id, t.patient_id, t.ingredient
),
counted as (
    select t.rule_id, t.patient_id, t.ingredient, h.first_day, h.first_day + f.days_in_use as long_enough_on,
           min(t.start_day) as ordered_on, min(t.last_day) + 1 as ends_on,
           min(case when t.age_low >= f.age_from then 1 else 0 end) as is_old
    from taken t
    join first_had h on h.rule_id = t.rule_id and h.patient_id = t.patient_id and h.ingredient = t.ingredient
    join family f on f.rule_id = t.rule_id
    group by t.rule_id, t.patient_id, t.ingredient, h.first_day, f.days_in_use
),
opened as (
    select rule_id, patient_id, ingredient, first_day, ends_on, is_old,
           case when ordered_on > long_enough_on then ordered_on else long_enough_on end as opens_on
    from counted
),
settling as (
    select t.rule_id, t.patient_id, t.ingredient, s.is_decision, s.settled_day, s.fact_table, s.fact_id
    from taken t
    join settled s on s.patient_id = t.patient_id and s.about_id = t.fact_id
    cross join as_of a
    where s.settled_day > a.day - 365
    union
    select t.rule_id, t.patient_id, t.ingredient, 1, d.done_from_day, 'procedure', d.id
    from taken t
    join done_procedure d on d.patient_id = t.patient_id
    join value_set_code v on v.code = d.code and v.value_set = 'medication_reconciliation'
    cross join as_of a
    where d.done_from_day > a.day - 365
),
word as (
    select rule_id, patient_id, ingredient, is_decision, settled_day + 365 as asked_again_on, fact_table, fact_id,
           row_number() over (partition by rule_id, patient_id, ingredient
                              order by settled_day desc nulls last, fact_id desc nulls last) as place
    from settling
),
barred as (
    select t.rule_id, t.patient_id, 'hospice' as why, h.fact_table, h.fact_id
    from taken t
    join hospice_care h on h.patient_id = t.patient_id
    union
    select t.rule_id, t.patient_id, 'reason_known', 'condition', c.id
    from taken t
    join family f on f.rule_id = t.rule_id
    join known_condition c on c.patient_id = t.patient_id
    join value_set_code v on v.code = c.code and v.value_set = f.unless_set
),
bar as (
    select rule_id, patient_id, count(case when why = 'hospice' then 1 end) as hospice, count(*) as bars
    from barred
    group by rule_id, patient_id
),
judged as (
    select c.rule_id, c.patient_id, c.ingredient, c.first_day, c.opens_on, c.ends_on, b.hospice, w.is_decision,
           case when b.bars is not null then 'EXCLUDED'
                when c.is_old = 0 then 'UNKNOWN'
                when w.is_decision = 0 then 'EXCLUDED'
                when w.is_decision = 1 then 'MET'
                when c.opens_on > a.day then 'MET'
                else 'DUE' end as status,
           w.asked_again_on
    from opened c
    left join bar b on b.rule_id = c.rule_id and b.patient_id = c.patient_id
    left join word w on w.rule_id = c.rule_id and w.patient_id = c.patient_id and w.ingredient = c.ingredient and w.place = 1
    cross join as_of a
),
change as (
    select rule_id, patient_id, ingredient, ends_on as day from judged
    union all
    select rule_id, patient_id, ingredient, opens_on from judged
    union all
    select rule_id, patient_id, ingredient, asked_again_on from judged
    union all
    select j.rule_id, j.patient_id, j.ingredient, a.day + 90 from judged j cross join as_of a
),
next_change as (
    select c.rule_id, c.patient_id, c.ingredient, min(c.day) as day
    from change c
    cross join as_of a
    where c.day > a.day
    group by c.rule_id, c.patient_id, c.ingredient
),
evidence as (
    select rule_id, patient_id, 'medicine:rxnorm:' || cast(ingredient as varchar(20)) as subject, fact_table, fact_id,
           'medicine' as role
    from taken
    union
    select rule_id, patient_id, 'medicine:rxnorm:' || cast(ingredient as varchar(20)), fact_table, fact_id, 'word'
    from word where place = 1
    union
    select b.rule_id, b.patient_id, 'medicine:rxnorm:' || cast(t.ingredient as varchar(20)), b.fact_table, b.fact_id, 'exclusion'
    from barred b
    join taken t on t.rule_id = b.rule_id and t.patient_id = b.patient_id
)
select j.rule_id, j.patient_id, 'medicine:rxnorm:' || cast(j.ingredient as varchar(20)) as subject, j.status,
       case when j.status = 'DUE' then j.opens_on else coalesce(j.asked_again_on, j.opens_on) end as opens_on,
       case when j.status = 'DUE' then j.opens_on + f.days_to_act end as due_on,
       cast(null as integer) as lapses_on,
       n.day as recheck_on,
       case when j.status = 'UNKNOWN' then 'birth'
            when j.hospice > 0 then 'hospice'
            when j.hospice = 0 then 'reason_known'
            when j.status = 'EXCLUDED' then 'declined' end as missing,
       i.name as say_medicine,
       j.first_day as say_since_on,
       f.risk as say_risk,
       f.action as say_action,
       case when j.is_decision = 1 then 'the medicines were gone through within the last year'
            else 'not long enough to ask' end as say_met_by
from judged j
join family f on f.rule_id = j.rule_id
join next_change n on n.rule_id = j.rule_id and n.patient_id = j.patient_id and n.ingredient = j.ingredient
join ingredient i on i.ingredient = j.ingredient

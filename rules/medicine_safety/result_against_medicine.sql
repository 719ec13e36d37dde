/* ---
title: Result that turns a medicine dangerous
why: The result goes to whoever ordered the test; the medicine was ordered by somebody else.
kind: conflict
question: Has the prescriber of {medicine}{more} seen {patient}'s {result} of {value}?
reason: "{patient}'s {result} was {value} on {taken_on}; on the medicines list: {medicine}{more}."
met: "{patient}'s {result} was {value} on {taken_on}. A clinician decided about {medicine}{more}."
next_step: "With the value and the date at hand, {action}"
excluded:
  declined: "{patient} knows of the {result} of {value}, and wants to go on with {medicine}{more}."
missing:
  unit: The newest value came in a unit we cannot read.
  bound: The newest value is only a bound, which does not tell.
authority: {name: named in each row, edition: current labels, url: "https://dailymed.nlm.nih.gov/dailymed/", valid_from: 2020-01-01}
notes: The labels were not opened while this was written; each row is to be checked against them.
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/result_cautions.csv
whole: [harm, days_to_act, at_least_micro, below_micro, lookback_days]
step_kind: result
folds_into: "{about}"
unknown: show
needs: [current_ingredient, rule_medicine, final_result, ingredient, settled, value_set_code, as_of]
--- */
-- The newest value with a number within the row's days decides; a newer one in order ends it. One row a result, with its other needs. A
-- clinician's decision about the medicine or the result, since the later of the two came, makes it MET.
with taken as (
    select r.rule_id, m.patient_id, m.ingredient, m.fact_table, m.fact_id, m.start_day, m.last_day,
           row_number() over (partition by r.rule_id, m.patient_id
                              order by m.start_day desc nulls last, m.fact_id desc nulls last) as place
    from current_ingredient m
    join rule_medicine r on r.ingredient = m.ingredient
),
person_of as (
    select rule_id, patient_id, min(start_day) as start_day, min(last_day) + 1 as ends_on, count(distinct ingredient) as medicines,
           min(ingredient) + max(ingredient) as both_of_two
    from taken
    group by rule_id, patient_id
),
measured as (
    select f.rule_id, o.patient_id, o.id, o.taken_to_day, o.value_text, o.value_unit, coalesce(o.comparator, '') as comparator,
           case when o.value_unit in (f.unit_1, f.unit_2, f.unit_3) then o.value_micro end as value_micro,
           row_number() over (partition by f.rule_id, o.patient_id
                              order by o.taken_to_day desc nulls last, o.id desc nulls last) as place
    from final_result o
    join value_set_code v on v.code = o.code
    join family f on f.result_set = v.value_set
    cross join as_of a
    where o.value_micro is not null and o.taken_to_day > a.day - f.lookback_days
),
judged as (
    select p.rule_id, p.patient_id, p.medicines, p.both_of_two, p.ends_on, m.id, m.taken_to_day, m.comparator,
           'result:' || cast(m.id as varchar(20)) as subject,
           m.taken_to_day + f.lookback_days as forgotten_on, a.day + 90 as horizon,
           m.comparator || m.value_text || ' ' || coalesce(m.value_unit, '') as value,
           case when m.value_micro is null then 'unit'
                when f.at_least_micro is not null and m.comparator in ('<', '<=') then 'bound'
                when f.below_micro is not null and m.comparator in ('>', '>=') then 'bound' end as missing,
           case when p.start_day > m.taken_to_day then p.start_day else m.taken_to_day end as since
    from person_of p
    join family f on f.rule_id = p.rule_id
    join measured m on m.rule_id = p.rule_id and m.patient_id = p.patient_id and m.place = 1
    cross join as_of a
    where m.value_micro is null or m.value_micro >= f.at_least_micro or m.value_micro < f.below_micro
),
about as (
    select j.rule_id, j.patient_id, j.subject, t.fact_table, t.fact_id, 'medicine' as role
    from judged j
    join taken t on t.rule_id = j.rule_id and t.patient_id = j.patient_id
    union
    select rule_id, patient_id, subject, 'observation', id, 'result' from judged
),
word as (
    select j.rule_id, j.patient_id, j.subject, s.is_decision, s.fact_table, s.fact_id,
           row_number() over (partition by j.rule_id, j.patient_id
                              order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from judged j
    join about b on b.rule_id = j.rule_id and b.patient_id = j.patient_id
    join settled s on s.patient_id = j.patient_id and s.about_id = b.fact_id
    where s.settled_day >= j.since
),
change as (
    select rule_id, patient_id, ends_on as day from judged
    union all
    select rule_id, patient_id, forgotten_on from judged
    union all
    select rule_id, patient_id, horizon from judged
),
next_change as (
    select rule_id, patient_id, min(day) as day from change group by rule_id, patient_id
),
evidence as (
    select rule_id, patient_id, subject, fact_table, fact_id, role from about
    union all
    select rule_id, patient_id, subject, fact_table, fact_id, 'word' from word where place = 1
)
select j.rule_id, j.patient_id, j.subject,
       case when w.is_decision = 1 then 'MET'
            when w.is_decision = 0 then 'EXCLUDED'
            when j.missing is not null then 'UNKNOWN'
            else 'DUE' end as status,
       j.since as opens_on,
       j.since + f.days_to_act as due_on,
       j.forgotten_on as lapses_on,
       n.day as recheck_on,
       case when w.is_decision = 0 then 'declined'
            when w.is_decision is null then j.missing end as missing,
       i.name as say_medicine,
       case j.medicines when 1 then '' when 2 then ' and ' || e.name
                        else ' and ' || cast(j.medicines - 1 as varchar(20)) || ' more' end as say_more,
       f.result_words as say_result,
       j.value as say_value,
       j.taken_to_day as say_taken_on,
       f.action as say_action
from judged j
join family f on f.rule_id = j.rule_id
join next_change n on n.rule_id = j.rule_id and n.patient_id = j.patient_id
join taken t on t.rule_id = j.rule_id and t.patient_id = j.patient_id and t.place = 1
join ingredient i on i.ingredient = t.ingredient
left join ingredient e on e.ingredient = j.both_of_two - t.ingredient
left join word w on w.rule_id = j.rule_id and w.patient_id = j.patient_id and w.place = 1

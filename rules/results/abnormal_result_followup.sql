/* ---
title: Abnormal result not followed up
why: One abnormal result in fourteen is never passed on.
kind: gap
question: Was {patient}'s result followed up?
reason: "{value} on {taken_on}, and {since}."
met: "{value} on {taken_on}, followed up since."
excluded:
  declined: "{patient} declined what was wanted after {value} on {taken_on}."
next_step: Ask the clinician what is to be done
missing:
  unit: The result came in a unit we cannot read, so nobody can say whether it is abnormal.
authority: {name: see the rows, edition: "2026-11-22, draft", url: null, valid_from: 2017-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/result_followup.csv
whole: [harm, at_least_micro, below_micro, due_days, lookback_days, opens_days, age_days_from]
needs: [person, final_result, final_report, done_procedure, not_done, outpatient_visit, emergency_visit, known_condition, current_ingredient, ingredient_class, concept_words, settled, value_set_code, as_of]
--- */
-- A row of the family names the tests (result_set), what is abnormal (from at_least up to below, in one of the units; or an
-- answer of positive_set, or flagged high by the laboratory), for whom it is not asked (unless_set) or only asked (only_class,
-- for_sex, age_days_from: days lived when it was taken), from which day (opens_days), and what closes it: a completed test or procedure of
-- followup_set, a visit where the row says so, a clinician's decision, or a documented refusal. Ordered is not closed.
-- A bound counts as just beyond it (<3.0 is under 3.0). A repeat closes the result it repeats, and is itself looked at.
with result as (
    select o.patient_id, f.rule_id, 'result:' || cast(o.id as varchar(20)) as subject, 'observation' as fact_table, o.id,
           o.taken_from_day, o.taken_to_day, o.taken_at, o.value_code, o.interpretation, p.sex,
           o.taken_from_day - p.birth_to_day as days_lived,
           o.value_micro + case when o.comparator = '<' then -1 when o.comparator = '>' then 1 else 0 end as value_micro,
           case when o.value_micro is null or f.unit_1 is null or coalesce(o.value_unit, '1') in (f.unit_1, f.unit_2, f.unit_3)
                then 1 else 0 end as is_readable,
           coalesce(o.comparator, '') || o.value_text || coalesce(' ' || o.value_unit, '') as value_words
    from final_result o
    join person p on p.patient_id = o.patient_id
    join value_set_code v on v.code = o.code
    join family f on f.result_set = v.value_set
    cross join as_of a
    where o.taken_to_day > a.day - f.lookback_days
    union all
    select r.patient_id, f.rule_id, 'result:' || cast(r.id as varchar(20)), 'diagnostic_report', r.id,
           r.taken_from_day, r.taken_to_day, cast(null as integer), r.conclusion_code, cast(null as varchar(20)), p.sex,
           r.taken_from_day - p.birth_to_day,
           cast(null as integer), 1, cast(null as varchar(20))
    from final_report r
    join person p on p.patient_id = r.patient_id
    join value_set_code v on v.code = r.code
    join family f on f.result_set = v.value_set
    cross join as_of a
    where r.taken_to_day > a.day - f.lookback_days and r.conclusion_code is not null
),
positive as (
    select r.patient_id, r.rule_id, r.id
    from result r
    join family f on f.rule_id = r.rule_id
    join value_set_code v on v.code = r.value_code and v.value_set = f.positive_set
),
abnormal as (
    select r.patient_id, r.rule_id, r.subject, r.fact_table, r.id, r.taken_from_day, r.taken_to_day, r.taken_at,
           r.is_readable, coalesce(r.value_words, w.words, 'Positive') as value_words,
           f.followup_set, f.followup_2_set, f.closes_by, f.due_days, f.lookback_days, f.unless_set, f.only_class,
           r.taken_to_day + coalesce(f.opens_days, 0) as open_day
    from result r
    join family f on f.rule_id = r.rule_id
    left join positive q on q.patient_id = r.patient_id and q.rule_id = r.rule_id and q.id = r.id
    left join concept_words w on w.code = r.value_code
    where (f.for_sex is null or f.for_sex = r.sex)
      and (f.age_days_from is null or f.age_days_from <= r.days_lived)
      and (q.id is not null
       or (f.flagged = 'high' and r.interpretation in ('H', 'HH', 'HU', 'A', 'AA', 'POS'))
       or (f.positive_set = 'positive_result' and r.value_micro is null and r.interpretation in ('POS', 'A', 'AA', 'DET'))
       or (f.unit_1 is not null and r.value_micro is not null and r.is_readable = 0)
       or (f.unit_1 is not null and r.is_readable = 1
           and r.value_micro >= coalesce(f.at_least_micro, r.value_micro)
           and (f.below_micro is null or r.value_micro < f.below_micro)))
),
known as (
    select distinct b.patient_id, b.rule_id
    from abnormal b
    join known_condition c on c.patient_id = b.patient_id
    join value_set_code v on v.code = c.code and v.value_set = b.unless_set
),
taking as (
    select b.patient_id, b.rule_id, b.subject, max(m.last_day) as last_day
    from abnormal b
    join current_ingredient m on m.patient_id = b.patient_id
    join ingredient_class k on k.ingredient = m.ingredient and k.class_name = b.only_class
    group by b.patient_id, b.rule_id, b.subject
),
open as (
    select b.patient_id, b.rule_id, b.subject, b.fact_table, b.id, b.taken_from_day, b.taken_to_day, b.taken_at,
           b.is_readable, b.value_words, b.followup_set, b.followup_2_set, b.closes_by, b.due_days, b.lookback_days,
           b.open_day, t.last_day
    from abnormal b
    left join known k on k.patient_id = b.patient_id and k.rule_id = b.rule_id
    left join taking t on t.patient_id = b.patient_id and t.rule_id = b.rule_id and t.subject = b.subject
    where k.patient_id is null and (b.only_class is null or t.patient_id is not null)
),
closing as (
    select b.patient_id, b.rule_id, b.subject, 1 as is_met, 'procedure' as fact_table, d.id, d.done_from_day as day
    from open b
    join done_procedure d on d.patient_id = b.patient_id and d.done_from_day >= b.taken_to_day
    join value_set_code v on v.code = d.code and v.value_set in (b.followup_set, b.followup_2_set)
    union
    select b.patient_id, b.rule_id, b.subject, 1, 'observation', o.id, o.taken_from_day
    from open b
    join final_result o on o.patient_id = b.patient_id
         and (o.taken_from_day > b.taken_to_day or (o.taken_from_day = b.taken_to_day and o.taken_at > b.taken_at))
    join value_set_code v on v.code = o.code and v.value_set in (b.followup_set, b.followup_2_set)
    union
    select b.patient_id, b.rule_id, b.subject, 1, 'diagnostic_report', r.id, r.taken_from_day
    from open b
    join final_report r on r.patient_id = b.patient_id and r.taken_from_day > b.taken_to_day
    join value_set_code v on v.code = r.code and v.value_set in (b.followup_set, b.followup_2_set)
    union
    select b.patient_id, b.rule_id, b.subject, 1, 'encounter', e.id, e.start_from_day
    from open b
    join outpatient_visit e on e.patient_id = b.patient_id and e.start_from_day > b.taken_to_day
    where b.closes_by = 'visit'
    union
    select b.patient_id, b.rule_id, b.subject, 1, 'encounter', e.id, e.start_from_day
    from open b
    join emergency_visit e on e.patient_id = b.patient_id and e.start_from_day >= b.taken_to_day
    where b.closes_by = 'emergency'
    union
    select b.patient_id, b.rule_id, b.subject, s.is_decision, s.fact_table, s.fact_id, s.settled_day
    from open b
    join settled s on s.patient_id = b.patient_id and s.about_id = b.id
    union
    select b.patient_id, b.rule_id, b.subject, 0, 'procedure', d.id, d.done_from_day
    from open b
    join not_done d on d.patient_id = b.patient_id and d.done_from_day >= b.taken_to_day
    join value_set_code v on v.code = d.code and v.value_set in (b.followup_set, b.followup_2_set)
    join value_set_code w on w.code = d.status_reason and w.value_set = 'declined'
),
first_closing as (
    select patient_id, rule_id, subject, is_met, fact_table, id,
           row_number() over (partition by patient_id, rule_id, subject
                              order by is_met desc nulls last, day nulls last, id nulls last) as place
    from closing
),
change as (
    select patient_id, rule_id, subject, taken_to_day + lookback_days as day from open
    union all
    select patient_id, rule_id, subject, last_day + 1 from open where last_day is not null
    union all
    select b.patient_id, b.rule_id, b.subject, a.day + 90 from open b cross join as_of a
),
next_change as (
    select patient_id, rule_id, subject, min(day) as day from change group by patient_id, rule_id, subject
),
evidence as (
    select patient_id, rule_id, subject, fact_table, id as fact_id, 'result' as role from open
    union all
    select patient_id, rule_id, subject, fact_table, id, 'answer' from first_closing where place = 1
)
select b.rule_id, b.patient_id, b.subject,
       case when c.is_met = 1 then 'MET'
            when c.is_met = 0 then 'EXCLUDED'
            when b.is_readable = 0 then 'UNKNOWN'
            else 'DUE' end as status,
       b.open_day as opens_on,
       b.taken_to_day + b.due_days as due_on,
       b.taken_to_day + b.lookback_days as lapses_on,
       n.day as recheck_on,
       case when c.is_met = 0 then 'declined' when b.is_readable = 0 and c.is_met is null then 'unit' end as missing,
       b.value_words as say_value,
       b.taken_to_day as say_taken_on,
       case when c.is_met = 1 then 'followed up since' else 'nothing that answers it since' end as say_since
from open b
join next_change n on n.patient_id = b.patient_id and n.rule_id = b.rule_id and n.subject = b.subject
left join first_closing c on c.patient_id = b.patient_id and c.rule_id = b.rule_id and c.subject = b.subject and c.place = 1

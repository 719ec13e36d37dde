/* ---
title: Results that move the wrong way
why: Each value alone may look harmless; the change is what warns.
kind: risk
question: Does the clinician know of {patient}'s change?
reason: "{value} on {taken_on}, from {before} on {before_on}; nothing that answers it since."
met: "{value} on {taken_on}, from {before} on {before_on}; looked at since."
excluded:
  hospice: "{patient} is in hospice or palliative care."
next_step: Ask the clinician
missing:
  exact_day: "The day of a value, or of a visit since, is known only by its month, so nobody can say how fast it moved. Ask the laboratory."
authority: {name: see the rows, edition: "2026-11-22, draft", url: null, valid_from: 2012-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/result_trends.csv
whole: [lookback_days, window_from, window_to, amount_micro, percent, at_least_micro, below_micro, due_days]
needs: [person, final_result, outpatient_visit, known_condition, settled, task, hospice_care, value_set_code, as_of]
--- */
-- The last value of the row's tests (taken within lookback_days, in one of its units) against the best value from window_from
-- to window_to days before it: the highest where a fall is watched, the lowest where a rise is. It counts when it moved by
-- amount or by percent, and lies from at_least up to below. A visit after it, a clinician's acknowledgement or decision
-- answers it; a newer value is the new last value and is judged itself.
with reading as (
    select o.patient_id, f.rule_id, o.id, o.taken_from_day, o.taken_to_day, o.taken_at, o.value_micro,
           o.value_text || coalesce(' ' || o.value_unit, '') as value_words
    from final_result o
    join person p on p.patient_id = o.patient_id
    join value_set_code v on v.code = o.code
    join family f on f.result_set = v.value_set and o.value_unit in (f.unit_1, f.unit_2, f.unit_3)
    cross join as_of a
    where o.value_micro is not null and o.comparator is null and o.taken_to_day > a.day - f.lookback_days - f.window_to
),
placed as (
    select patient_id, rule_id, id, taken_from_day, taken_to_day, value_micro, value_words,
           row_number() over (partition by patient_id, rule_id
                              order by taken_to_day desc nulls last, taken_at desc nulls last, id desc nulls last) as place
    from reading
),
newest as (
    select q.patient_id, q.rule_id, q.id, q.taken_from_day, q.taken_to_day, q.value_micro, q.value_words
    from placed q
    join family f on f.rule_id = q.rule_id
    cross join as_of a
    where q.place = 1 and q.taken_to_day > a.day - f.lookback_days
      and q.value_micro >= coalesce(f.at_least_micro, q.value_micro)
      and (f.below_micro is null or q.value_micro < f.below_micro)
),
compared as (
    select n.patient_id, n.rule_id, n.id, n.taken_from_day, n.taken_to_day, n.value_micro, n.value_words, r.id as before_id,
           r.taken_to_day as before_day, r.value_micro as before_micro, r.value_words as before_words,
           row_number() over (partition by n.patient_id, n.rule_id
                              order by case when f.direction = 'fall' then -r.value_micro else r.value_micro end nulls last,
                                       r.taken_to_day desc nulls last, r.id nulls last) as place
    from newest n
    join family f on f.rule_id = n.rule_id
    join placed r on r.patient_id = n.patient_id and r.rule_id = n.rule_id and r.id <> n.id
         and r.taken_from_day <= n.taken_to_day - f.window_from and r.taken_to_day >= n.taken_to_day - f.window_to
),
moved as (
    select c.patient_id, c.rule_id, 'result:' || cast(c.id as varchar(20)) as subject, c.id, c.taken_from_day, c.taken_to_day,
           c.value_words, c.before_id, c.before_day, c.before_words, f.due_days, f.lookback_days, f.unless_set
    from compared c
    join family f on f.rule_id = c.rule_id
    where c.place = 1
      and case when f.direction = 'fall' then c.before_micro - c.value_micro else c.value_micro - c.before_micro end
          >= coalesce(f.amount_micro, 0)
      and case when f.direction = 'fall' then c.before_micro - c.value_micro else c.value_micro - c.before_micro end * 100
          >= coalesce(f.percent, 0) * c.before_micro
),
known as (
    select m.patient_id, m.rule_id
    from moved m
    join known_condition c on c.patient_id = m.patient_id
    join value_set_code v on v.code = c.code and v.value_set = m.unless_set
    group by m.patient_id, m.rule_id
),
open as (
    select m.patient_id, m.rule_id, m.subject, m.id, m.taken_from_day, m.taken_to_day, m.value_words, m.before_id, m.before_day,
           m.before_words, m.due_days, m.lookback_days
    from moved m
    left join known k on k.patient_id = m.patient_id and k.rule_id = m.rule_id
    where k.patient_id is null
),
looked as (
    select o.patient_id, o.rule_id, 'encounter' as fact_table, e.id, e.start_from_day as day
    from open o
    join outpatient_visit e on e.patient_id = o.patient_id and e.start_from_day > o.taken_to_day
    union
    select o.patient_id, o.rule_id, 'task', t.id, t.authored_from_day
    from open o
    join task t on t.patient_id = o.patient_id and t.focus_id = o.id
    join value_set_code v on v.code = t.code and v.value_set = 'work_result_acknowledged'
    cross join as_of a
    where t.status = 'completed' and t.same_as = t.id and t.authored_from_day <= a.day
    union
    select o.patient_id, o.rule_id, s.fact_table, s.fact_id, s.settled_day
    from open o
    join settled s on s.patient_id = o.patient_id and s.about_id = o.id
    where s.is_decision = 1
),
first_look as (
    select patient_id, rule_id, fact_table, id,
           row_number() over (partition by patient_id, rule_id order by day nulls last, id nulls last) as place
    from looked
),
answer as (
    select o.patient_id, o.rule_id, o.subject, o.taken_from_day, o.taken_to_day, o.value_words, o.before_day, o.before_words,
           o.due_days, o.lookback_days,
           case when h.patient_id is not null then 'EXCLUDED'
                when l.id is not null then 'MET'
                else 'DUE' end as status
    from open o
    left join first_look l on l.patient_id = o.patient_id and l.rule_id = o.rule_id and l.place = 1
    left join (select distinct patient_id from hospice_care) h on h.patient_id = o.patient_id
),
evidence as (
    select patient_id, rule_id, subject, 'observation' as fact_table, id as fact_id, 'last value' as role from open
    union all
    select patient_id, rule_id, subject, 'observation', before_id, 'value before' from open
    union all
    select o.patient_id, o.rule_id, o.subject, l.fact_table, l.id, 'looked at'
    from open o
    join first_look l on l.patient_id = o.patient_id and l.rule_id = o.rule_id and l.place = 1
    union all
    select o.patient_id, o.rule_id, o.subject, h.fact_table, h.fact_id, 'exclusion'
    from open o
    join hospice_care h on h.patient_id = o.patient_id
)
select q.rule_id, q.patient_id, q.subject, q.status, q.taken_from_day as opens_on, q.taken_from_day + q.due_days as due_on,
       q.taken_to_day + q.lookback_days as lapses_on,
       case when q.taken_to_day + q.lookback_days < a.day + 90 then q.taken_to_day + q.lookback_days else a.day + 90 end as recheck_on,
       case when q.status = 'EXCLUDED' then 'hospice' end as missing,
       q.value_words as say_value, q.taken_from_day as say_taken_on, q.before_words as say_before, q.before_day as say_before_on
from answer q
cross join as_of a

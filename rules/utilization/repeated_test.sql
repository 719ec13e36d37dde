/* ---
title: Test ordered again too soon
why: A repeat that changes nothing costs time, money and blood.
kind: risk
question: Does {patient} need another test now?
reason: "Ordered on {ordered_on}; the last one of {last_on} ({value}, {source}) is still useful."
met: "Ordered on {ordered_on}; the last one of {last_on} is old enough."
excluded:
  decided: "It was asked and decided: the test is wanted."
  needed: "The last one was abnormal, or a medicine {patient} takes calls for the repeat."
next_step: Show the ordering clinician the earlier result and ask whether the order can be cancelled.
missing:
  day: "The day of the earlier test is not clear enough to tell."
  range: "Nobody says whether the earlier result was normal; an abnormal one may be repeated."
authority: {name: "Beforehand founders: useful life of a result, after Choosing Wisely", edition: "1",
            url: "https://www.choosingwisely.org/", valid_from: 2012-04-04}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/repeat_tests.csv
whole: [days, low_micro, high_micro]
unknown: ask
step_kind: call
harm: 1
needs: [person, active_order, done_test, final_result, current_medication, medicine, ingredient_class, task, said_no,
        value_set_code]
--- */
with
orders as (
    select f.rule_id, o.patient_id, o.id, o.authored_from_day as day, o.wanted_from_day, f.days, f.tests_set,
           f.low_micro, f.high_micro, f.unit, f.repeat_when, 'order:' || cast(o.id as varchar(20)) as subject
    from active_order o
    join person p on p.patient_id = o.patient_id
    join value_set_code v on v.code = o.code
    join family f on f.tests_set = v.value_set
    where o.authored_from_day is not null
),
tests as (
    select o.rule_id, o.patient_id, o.id, o.day, o.days, d.from_day, d.to_day, d.fact_table, d.fact_id
    from orders o
    join done_test d on d.patient_id = o.patient_id
    join value_set_code v on v.code = d.code and v.value_set = o.tests_set
),
-- An abnormal result may be repeated; one that moves only over months (A1c) only when it is far out.
-- An order that has been carried out is no repeat to come
carried_out as (
    select distinct t.rule_id, t.patient_id, t.id
    from tests t
    where t.to_day >= t.day
),
last_test as (
    select t.rule_id, t.patient_id, t.id, max(t.to_day) as last_day
    from tests t
    where t.to_day < t.day
    group by t.rule_id, t.patient_id, t.id
),
earlier as (
    select o.rule_id, o.patient_id, o.id, o.day, o.days, t.from_day, t.to_day, t.fact_table, t.fact_id,
           case when r.interpretation in ('HH', 'LL', 'AA') then 'abnormal'
                when o.repeat_when = 'critical' and r.value_unit = o.unit
                then case when r.value_micro > o.high_micro then 'abnormal' else 'normal' end
                when r.interpretation in ('H', 'L', 'A', 'POS') then 'abnormal'
                when r.interpretation in ('N', 'NEG') then 'normal'
                when t.fact_table <> 'observation' then 'normal'
                when r.value_micro > coalesce(r.high_micro, case when r.value_unit = o.unit then o.high_micro end)
                  or r.value_micro < coalesce(r.low_micro, case when r.value_unit = o.unit then o.low_micro end)
                then 'abnormal'
                when r.high_micro is not null or r.value_unit = o.unit then 'normal'
                else 'unclear' end as finding,
           r.value_text, r.value_unit, s.label
    from orders o
    join last_test l on l.rule_id = o.rule_id and l.patient_id = o.patient_id and l.id = o.id
    join tests t on t.rule_id = o.rule_id and t.patient_id = o.patient_id and t.id = o.id and t.to_day = l.last_day
    left join final_result r on r.patient_id = t.patient_id and r.id = t.fact_id
    left join source s on s.id = r.source_id
),
summed as (
    select e.rule_id, e.patient_id, e.id, min(e.from_day) as from_day, max(e.to_day) as to_day, max(e.fact_id) as fact_id,
           count(case when e.finding = 'abnormal' then e.fact_id end) as abnormal,
           count(case when e.finding = 'unclear' then e.fact_id end) as unclear
    from earlier e
    group by e.rule_id, e.patient_id, e.id
),
monitored as (
    select f.rule_id, m.patient_id, m.fact_table, m.fact_id
    from current_medication m
    join medicine n on n.code = m.code
    join ingredient_class k on k.ingredient = n.ingredient
    join family f on f.monitor_class = k.class_name
),
-- the clinician wants it all the same, or the person was asked and said so
decided as (
    select o.rule_id, o.patient_id, o.id, 'task' as fact_table, t.id as fact_id
    from orders o
    join task t on t.patient_id = o.patient_id
    join value_set_code v on v.code = t.code and v.value_set in ('work_no_follow_up', 'work_result_acknowledged')
    join earlier e on e.rule_id = o.rule_id and e.patient_id = o.patient_id and e.id = o.id
    cross join as_of a
    where t.focus_id in (o.id, e.fact_id) and t.status = 'completed' and t.same_as = t.id
      and t.authored_from_day >= o.day and t.authored_from_day <= a.day
    union all
    select o.rule_id, o.patient_id, o.id, n.fact_table, n.fact_id
    from orders o
    join said_no n on n.patient_id = o.patient_id and n.about_id = o.id
),
judged as (
    select o.rule_id, o.patient_id, o.id, o.subject, o.day, s.to_day,
           case when d.id is not null then 'decided' else 'needed' end as reason_out, e.value_text, e.value_unit, e.label,
           coalesce(o.wanted_from_day, o.day + 14) as due_day,
           case when d.id is not null then 'EXCLUDED'
                when s.to_day <= o.day - o.days then 'MET'
                when m.patient_id is not null or s.abnormal > 0 then 'EXCLUDED'
                when s.from_day is null or s.from_day <= o.day - o.days then 'day'
                when s.unclear > 0 then 'range'
                else 'DUE' end as verdict
    from orders o
    join summed s on s.rule_id = o.rule_id and s.patient_id = o.patient_id and s.id = o.id
    join earlier e on e.rule_id = o.rule_id and e.patient_id = o.patient_id and e.id = o.id and e.fact_id = s.fact_id
    left join carried_out c on c.rule_id = o.rule_id and c.patient_id = o.patient_id and c.id = o.id
    left join (select distinct rule_id, patient_id, id from decided) d
        on d.rule_id = o.rule_id and d.patient_id = o.patient_id and d.id = o.id
    left join (select distinct rule_id, patient_id from monitored) m
        on m.rule_id = o.rule_id and m.patient_id = o.patient_id
    where c.id is null
),
evidence as (
    select o.patient_id, o.subject, o.rule_id, 'service_request' as fact_table, o.id as fact_id, 'order' as role
    from orders o
    union all
    select o.patient_id, o.subject, o.rule_id, e.fact_table, e.fact_id, 'earlier' as role
    from orders o
    join earlier e on e.rule_id = o.rule_id and e.patient_id = o.patient_id and e.id = o.id
    union all
    select o.patient_id, o.subject, o.rule_id, m.fact_table, m.fact_id, 'monitoring' as role
    from orders o
    join monitored m on m.rule_id = o.rule_id and m.patient_id = o.patient_id
    union all
    select o.patient_id, o.subject, o.rule_id, d.fact_table, d.fact_id, 'decided' as role
    from orders o
    join decided d on d.rule_id = o.rule_id and d.patient_id = o.patient_id and d.id = o.id
)
select j.rule_id, j.patient_id, j.subject,
       case j.verdict when 'EXCLUDED' then 'EXCLUDED' when 'MET' then 'MET' when 'DUE' then 'DUE' else 'UNKNOWN' end as status,
       j.day as opens_on, j.due_day as due_on, cast(null as bigint) as lapses_on, a.day + 90 as recheck_on,
       case j.verdict when 'day' then 'day' when 'range' then 'range' when 'EXCLUDED' then j.reason_out end as missing,
       j.day as say_ordered_on, j.to_day as say_last_on,
       coalesce(j.value_text || coalesce(' ' || j.value_unit, ''), 'no value') as say_value,
       coalesce(j.label, 'another source') as say_source
from judged j
cross join as_of a

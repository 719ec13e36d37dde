/* ---
title: Too much acetaminophen in all products together
why: It hides in pain, cold and sleep medicines; the liver counts the sum.
kind: conflict
question: How much acetaminophen does {patient} take in a day, from all products?
reason: "{orders} orders with acetaminophen come to more than {limit} mg a day when all are taken. {liver}"
met: "{orders} orders with acetaminophen come to at most {limit} mg a day, or a clinician decided since."
next_step: Count through with the person, also what was bought without a prescription, and call the prescriber or pharmacist
missing:
  dose: At least one of several products does not say how much is taken in a day.
excluded:
  declined: "{patient} knows, and wants to go on."
authority:
  name: "FDA label of acetaminophen: at most 4,000 mg in 24 hours; 2,000 mg with liver disease is common advice, not a label"
  edition: current
  url: https://dailymed.nlm.nih.gov/dailymed/
  valid_from: 2011-01-13
notes: The label was not opened while this was written.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
unknown: show
needs: [daily_amount, active_condition, settled, value_set_code, as_of]
--- */
-- Every active order with acetaminophen, at its full dose, also when taken only as needed. One order alone counts too.
with taken as (
    select d.patient_id, d.id, d.start_day, d.last_day, d.daily_mg
    from daily_amount d
    where d.ingredient = 161
),
liver as (
    select t.patient_id, min(c.id) as id
    from taken t
    join active_condition c on c.patient_id = t.patient_id
    join value_set_code v on v.code = c.code and v.value_set = 'liver_disease'
    group by t.patient_id
),
summed as (
    select t.patient_id, count(*) as orders, count(t.daily_mg) as told, sum(t.daily_mg) as mg, max(t.start_day) as since,
           min(t.last_day) + 1 as ends_on, a.day + 90 as horizon
    from taken t
    cross join as_of a
    group by t.patient_id, a.day
),
judged as (
    select s.patient_id, s.orders, s.since, l.id as liver_id,
           case when s.ends_on < s.horizon then s.ends_on else s.horizon end as recheck_on,
           case when s.mg > case when l.id is null then 40000000000000000 else 20000000000000000 end then 'over'
                when s.told < s.orders and s.orders > 1 then 'dose'
                else 'under' end as verdict
    from summed s
    left join liver l on l.patient_id = s.patient_id
),
word as (
    select j.patient_id, s.is_decision, s.fact_table, s.fact_id,
           row_number() over (partition by j.patient_id order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from judged j
    join taken t on t.patient_id = j.patient_id
    join settled s on s.patient_id = j.patient_id and s.about_id = t.id
    where s.settled_day >= j.since
),
evidence as (
    select patient_id, 'medicines:acetaminophen' as subject, 'medication_request' as fact_table, id as fact_id, 'medicine' as role
    from taken
    union all
    select patient_id, 'medicines:acetaminophen', 'condition', id, 'liver' from liver
    union all
    select patient_id, 'medicines:acetaminophen', fact_table, fact_id, 'word' from word where place = 1
)
select j.patient_id, 'medicines:acetaminophen' as subject,
       case when j.verdict = 'under' then 'MET'
            when w.is_decision = 1 then 'MET'
            when w.is_decision = 0 then 'EXCLUDED'
            when j.verdict = 'dose' then 'UNKNOWN'
            else 'DUE' end as status,
       j.since as opens_on,
       case when j.verdict = 'over' then j.since + 2 end as due_on,
       cast(null as integer) as lapses_on,
       j.recheck_on,
       case when j.verdict = 'under' then null
            when w.is_decision = 0 then 'declined'
            when w.is_decision is null and j.verdict = 'dose' then 'dose' end as missing,
       j.orders as say_orders,
       case when j.liver_id is null then '4,000' else '2,000' end as say_limit,
       case when j.liver_id is null then '' else 'The liver is diseased: less is safe.' end as say_liver
from judged j
left join word w on w.patient_id = j.patient_id and w.place = 1

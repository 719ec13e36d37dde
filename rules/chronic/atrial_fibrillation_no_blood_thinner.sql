/* ---
title: Atrial fibrillation without a blood thinner
why: Untreated atrial fibrillation brings strokes that a blood thinner prevents in two of three; whoever has a good reason against it should have it written down.
kind: gap
question: Has a clinician decided about a blood thinner for {patient}?
reason: "Atrial fibrillation, stroke score (CHA2DS2-VASc) {score}{words}; no blood thinner is on the list and no decision against one is written down."
met: "Atrial fibrillation, stroke score (CHA2DS2-VASc) {score}; a blood thinner is on the list, or a clinician decided."
excluded:
  hospice: "{patient} is in hospice or palliative care."
  declined: "{patient} does not want a blood thinner."
next_step: Ask the clinician for the decision, and write it down
missing:
  age: The birth day is not known exactly, and the score hangs on it.
authority:
  name: ACC/AHA/ACCP/HRS guideline on atrial fibrillation (2 or more in men, 3 or more in women)
  edition: "2023"
  url: https://www.ahajournals.org/doi/10.1161/CIR.0000000000001193
  valid_from: 2014-03-28
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 5
needs: [person, active_condition, known_condition, current_ingredient, ingredient_class, settled, hospice_care, value_set_code, as_of]
--- */
-- One point each: heart failure, high blood pressure, diabetes, disease of the vessels, 65 to 74 years, a woman; two each: 75
-- years, a stroke or clot before. A decision or refusal counts when it is about the atrial fibrillation on record. The row
-- changes by time alone on a birthday, so it is looked at within 90 days.
with fibrillating as (
    select p.patient_id, p.sex, p.age_low, p.age_high, min(c.id) as condition_id,
           min(coalesce(c.onset_from_day, c.recorded_from_day)) as since_day
    from person p
    join active_condition c on c.patient_id = p.patient_id
    join value_set_code v on v.code = c.code and v.value_set = 'atrial_fibrillation'
    where p.age_low >= 18
    group by p.patient_id, p.sex, p.age_low, p.age_high
),
risk as (
    select f.patient_id, c.id,
           case v.value_set when 'charlson_heart_attack' then 'vessels' when 'charlson_vessels' then 'vessels'
                            else v.value_set end as kind
    from fibrillating f
    join known_condition c on c.patient_id = f.patient_id
    join value_set_code v on v.code = c.code
         and v.value_set in ('heart_failure', 'hypertension', 'diabetes', 'charlson_stroke', 'charlson_heart_attack', 'charlson_vessels')
),
kinds as (
    select patient_id, kind, case when kind = 'charlson_stroke' then 2 else 1 end as points
    from risk
    group by patient_id, kind
),
illness as (
    select patient_id, sum(points) as points from kinds group by patient_id
),
score as (
    select f.patient_id, f.condition_id, f.since_day,
           case when f.sex = 'female' then 1 else 0 end as woman,
           coalesce(i.points, 0) + case when f.sex = 'female' then 1 else 0 end
           + case when f.age_low >= 75 then 2 when f.age_low >= 65 then 1 else 0 end as points,
           coalesce(i.points, 0) + case when f.sex = 'female' then 1 else 0 end
           + case when f.age_high >= 75 then 2 when f.age_high >= 65 then 1 else 0 end as points_at_most
    from fibrillating f
    left join illness i on i.patient_id = f.patient_id
),
taking as (
    select s.patient_id, m.fact_table, m.fact_id, m.last_day,
           row_number() over (partition by s.patient_id order by m.last_day nulls first, m.fact_id nulls last) as place
    from score s
    join current_ingredient m on m.patient_id = s.patient_id
    join ingredient_class k on k.ingredient = m.ingredient and k.class_name in ('doac', 'vitamin_k_antagonist', 'heparin')
),
word as (
    select s.patient_id, w.is_decision, w.fact_table, w.fact_id,
           row_number() over (partition by s.patient_id order by w.settled_day desc nulls last, w.fact_id desc nulls last) as place
    from score s
    join active_condition c on c.patient_id = s.patient_id
    join value_set_code v on v.code = c.code and v.value_set = 'atrial_fibrillation'
    join settled w on w.patient_id = s.patient_id and w.about_id = c.id
),
answer as (
    select s.patient_id, s.since_day, s.points, s.woman, t.last_day,
           case when h.patient_id is not null then 'EXCLUDED'
                when t.fact_id is not null or w.is_decision = 1 then 'MET'
                when w.is_decision = 0 then 'EXCLUDED'
                when s.points < 2 + s.woman then 'UNKNOWN'
                else 'DUE' end as status,
           case when h.patient_id is not null then 'hospice' else 'declined' end as reason_out
    from score s
    left join taking t on t.patient_id = s.patient_id and t.place = 1
    left join word w on w.patient_id = s.patient_id and w.place = 1
    left join (select distinct patient_id from hospice_care) h on h.patient_id = s.patient_id
    where s.points_at_most >= 2 + s.woman
),
evidence as (
    select s.patient_id, 'decision:atrial_fibrillation' as subject, 'condition' as fact_table, s.condition_id as fact_id,
           'atrial fibrillation' as role
    from score s
    union all
    select r.patient_id, 'decision:atrial_fibrillation', 'condition', r.id, 'risk' from risk r
    union all
    select t.patient_id, 'decision:atrial_fibrillation', t.fact_table, t.fact_id, 'blood thinner' from taking t where t.place = 1
    union all
    select w.patient_id, 'decision:atrial_fibrillation', w.fact_table, w.fact_id, 'word' from word w where w.place = 1
    union all
    select h.patient_id, 'decision:atrial_fibrillation', h.fact_table, h.fact_id, 'exclusion' from hospice_care h
)
select q.patient_id, 'decision:atrial_fibrillation' as subject, q.status,
       coalesce(q.since_day, a.day) as opens_on, coalesce(q.since_day, a.day) + 14 as due_on,
       cast(null as integer) as lapses_on,
       case when q.last_day < a.day + 90 then q.last_day + 1 else a.day + 90 end as recheck_on,
       case when q.status = 'EXCLUDED' then q.reason_out when q.status = 'UNKNOWN' then 'age' end as missing,
       q.points as say_score,
       case when q.woman = 1 then ' (a woman is treated from 3)' else ' (a man is treated from 2)' end as say_words
from answer q
cross join as_of a

/* ---
title: Apixaban dose does not fit age, weight and kidneys
why: Too much bleeds, too little lets strokes through; the reduced dose is for people with two of three marks.
kind: conflict
question: Does the prescriber know that {patient} has {marks} of the three marks for the reduced dose of apixaban?
reason: "Apixaban {strength} in atrial fibrillation. Age {age}, weight {weight}, creatinine {creatinine} mg/dL: {marks} of three marks (80 or older, 60 kg or less, creatinine 1.5 or more). The label lowers the dose from two marks on."
met: "Apixaban {strength} fits: {marks} of three marks (80 or older, 60 kg or less, creatinine 1.5 or more), or a clinician decided since."
next_step: "Call the prescriber with age, weight and creatinine: {ask}"
missing:
  creatinine: No creatinine of the last year, in a unit we can read, is on record.
  weight: No weight of the last year, in a unit we can read, is on record.
  birth: The day of birth is not exact enough to tell the age.
excluded:
  declined: "{patient} knows, and wants to stay on apixaban {strength}."
authority:
  name: FDA label of apixaban (nonvalvular atrial fibrillation, dose)
  edition: current
  url: https://dailymed.nlm.nih.gov/dailymed/
  valid_from: 2012-12-28
notes: The label was not opened while this was written.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 5
unknown: show
needs: [person, active_medication_request, active_condition, final_result, settled, value_set_code, as_of]
--- */
-- An active order for a 5 mg or 2.5 mg tablet in a person with atrial fibrillation; the newest creatinine and weight of the
-- last year. What is missing matters only when it could change the answer. Other uses of apixaban have other doses: silent.
with taken as (
    select r.patient_id, r.id, r.authored_from_day, r.valid_until_to_day + 1 as ends_on, v.value_set,
           row_number() over (partition by r.patient_id order by r.authored_from_day desc nulls last, r.id desc nulls last) as place
    from active_medication_request r
    join value_set_code v on v.code = r.code
    where v.value_set in ('apixaban_full', 'apixaban_reduced')
),
rhythm as (
    select c.patient_id, min(c.id) as id
    from active_condition c
    join value_set_code v on v.code = c.code and v.value_set = 'atrial_fibrillation'
    group by c.patient_id
),
creatinine as (
    select o.patient_id, o.id, o.taken_to_day, o.value_text, case when o.value_micro >= 1500000 then 1 else 0 end as mark,
           row_number() over (partition by o.patient_id order by o.taken_to_day desc nulls last, o.id desc nulls last) as place
    from final_result o
    join value_set_code v on v.code = o.code and v.value_set = 'serum_creatinine'
    cross join as_of a
    where o.taken_to_day > a.day - 365 and o.value_unit = 'mg/dL' and o.comparator is null
),
weight as (
    select o.patient_id, o.id, o.taken_to_day, o.value_text || ' ' || o.value_unit as words,
           case when o.value_unit = 'kg' and o.value_micro <= 60000000 then 1
                when o.value_unit = '[lb_av]' and o.value_micro <= 132277000 then 1
                else 0 end as mark,
           row_number() over (partition by o.patient_id order by o.taken_to_day desc nulls last, o.id desc nulls last) as place
    from final_result o
    join value_set_code v on v.code = o.code and v.value_set = 'body_weight'
    cross join as_of a
    where o.taken_to_day > a.day - 365 and o.value_unit in ('kg', '[lb_av]')
),
marked as (
    select t.patient_id, t.id, t.authored_from_day, t.ends_on, t.value_set, h.id as rhythm_id, p.age_low, c.id as creatinine_id,
           c.taken_to_day as creatinine_day, c.value_text as creatinine, w.id as weight_id, w.taken_to_day as weight_day,
           w.words as weight,
           coalesce(c.mark, 0) + coalesce(w.mark, 0) + case when p.age_low >= 80 then 1 else 0 end as least,
           coalesce(c.mark, 1) + coalesce(w.mark, 1) + case when p.age_high < 80 then 0 else 1 end as most,
           case when c.id is null then 'creatinine' when w.id is null then 'weight' else 'birth' end as lacking
    from taken t
    join rhythm h on h.patient_id = t.patient_id
    join person p on p.patient_id = t.patient_id
    left join creatinine c on c.patient_id = t.patient_id and c.place = 1
    left join weight w on w.patient_id = t.patient_id and w.place = 1
    where t.place = 1
),
judged as (
    select m.patient_id, m.id, m.ends_on, m.value_set, m.rhythm_id, m.age_low, m.creatinine_id, m.creatinine_day, m.creatinine,
           m.weight_id, m.weight_day, m.weight, m.least, m.lacking,
           case when m.least >= 2 and m.value_set = 'apixaban_full' then 'too much'
                when m.most < 2 and m.value_set = 'apixaban_reduced' then 'too little'
                when m.least >= 2 or m.most < 2 then 'fits'
                else 'open' end as verdict,
           case when m.creatinine_day > m.authored_from_day then m.creatinine_day else m.authored_from_day end as since
    from marked m
),
word as (
    select j.patient_id, s.is_decision, s.fact_table, s.fact_id,
           row_number() over (partition by j.patient_id order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from judged j
    join settled s on s.patient_id = j.patient_id and s.about_id in (j.id, j.creatinine_id)
    where s.settled_day >= j.since
),
change as (
    select patient_id, ends_on as day from judged
    union all
    select patient_id, creatinine_day + 365 from judged
    union all
    select patient_id, weight_day + 365 from judged
    union all
    select j.patient_id, a.day + 90 from judged j cross join as_of a
),
next_change as (
    select patient_id, min(day) as day from change group by patient_id
),
evidence as (
    select patient_id, 'medicine:rxnorm:1364430' as subject, 'medication_request' as fact_table, id as fact_id, 'medicine' as role
    from judged
    union all
    select patient_id, 'medicine:rxnorm:1364430', 'condition', rhythm_id, 'atrial fibrillation' from judged
    union all
    select patient_id, 'medicine:rxnorm:1364430', 'observation', creatinine_id, 'creatinine'
    from judged where creatinine_id is not null
    union all
    select patient_id, 'medicine:rxnorm:1364430', 'observation', weight_id, 'weight' from judged where weight_id is not null
    union all
    select patient_id, 'medicine:rxnorm:1364430', fact_table, fact_id, 'word' from word where place = 1
)
select j.patient_id, 'medicine:rxnorm:1364430' as subject,
       case when j.verdict = 'fits' then 'MET'
            when w.is_decision = 1 then 'MET'
            when w.is_decision = 0 then 'EXCLUDED'
            when j.verdict = 'open' then 'UNKNOWN'
            else 'DUE' end as status,
       j.since as opens_on,
       case when j.verdict in ('too much', 'too little') then j.since + 7 end as due_on,
       cast(null as integer) as lapses_on,
       n.day as recheck_on,
       case when j.verdict = 'fits' then null
            when w.is_decision = 0 then 'declined'
            when w.is_decision is null and j.verdict = 'open' then j.lacking end as missing,
       case when j.value_set = 'apixaban_full' then '5 mg' else '2.5 mg' end as say_strength,
       j.age_low as say_age,
       coalesce(j.weight, 'not known') as say_weight,
       coalesce(j.creatinine, 'not known') as say_creatinine,
       j.least as say_marks,
       case when j.verdict = 'too much' then 'is 2.5 mg meant?' else 'is 5 mg meant?' end as say_ask
from judged j
join next_change n on n.patient_id = j.patient_id
left join word w on w.patient_id = j.patient_id and w.place = 1

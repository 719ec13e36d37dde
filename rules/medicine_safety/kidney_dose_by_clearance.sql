/* ---
title: Dose by kidney clearance
why: The labels of these medicines give their limits in creatinine clearance, which needs age and weight; the eGFR on the laboratory sheet is another number.
kind: risk
question: Does the prescriber of {medicine} know how much {patient}'s kidneys clear?
reason: "Creatinine {creatinine} mg/dL on {measured_on}, weight {weight} on {weighed_on}, age {age}: the clearance by Cockcroft-Gault is below {below} mL/min. For {medicine}: {what}. ({authority})"
met: "Creatinine {creatinine} mg/dL on {measured_on}, weight {weight} on {weighed_on}, age {age}: the clearance lies above every limit of {medicine}, or a clinician decided since."
next_step: Call the prescriber with creatinine, weight and age
missing:
  creatinine: No creatinine of the last year, in a unit we can read, is on record.
  weight: No weight of the last year, in a unit we can read, is on record.
  birth: The day of birth is not exact enough to tell the age.
  sex: The sex used in the formula is not on record.
excluded:
  declined: "{patient} knows, and wants to go on with {medicine} at this dose."
authority:
  name: "FDA labels; Cockcroft DW, Gault MH, Nephron 1976;16:31 (actual body weight)"
  edition: "1976; current labels"
  url: https://pubmed.ncbi.nlm.nih.gov/1244564/
  valid_from: 2000-01-01
notes: Labels were not opened while this was written. The formula is linear, so that it is compared without dividing.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
unknown: show
needs: [person, current_ingredient, renal_limit, ingredient, final_result, settled, value_set_code, as_of]
--- */
-- clearance = (140 - age) x weight in kg / (72 x creatinine in mg/dL), times 0.85 for women. Below a limit L means
-- (140 - age) x weight x 100 (or 85) < L x 72 x creatinine x 100. The lowest limit passed is named.
-- Newest creatinine and weight of the last 365 days, in units we can read.
with taken as (
    select distinct m.patient_id, m.ingredient, m.fact_table, m.fact_id, m.start_day, m.last_day
    from current_ingredient m
    join renal_limit r on r.ingredient = m.ingredient
    where r.measure = 'crcl'
),
medicine_of as (
    select patient_id, ingredient, max(start_day) as start_day, min(last_day) + 1 as ends_on
    from taken
    group by patient_id, ingredient
),
creatinine as (
    select o.patient_id, o.id, o.taken_to_day, o.value_text, o.value_micro,
           row_number() over (partition by o.patient_id order by o.taken_to_day desc nulls last, o.id desc nulls last) as place
    from final_result o
    join value_set_code v on v.code = o.code and v.value_set = 'serum_creatinine'
    cross join as_of a
    where o.taken_to_day > a.day - 365 and o.value_unit = 'mg/dL' and o.value_micro > 0 and o.comparator is null
),
weight as (
    select o.patient_id, o.id, o.taken_to_day, o.value_text || ' ' || o.value_unit as words,
           case when o.value_unit = 'kg' then o.value_micro * 10000 else o.value_micro * 4536 end as ten_kg_micro,
           row_number() over (partition by o.patient_id order by o.taken_to_day desc nulls last, o.id desc nulls last) as place
    from final_result o
    join value_set_code v on v.code = o.code and v.value_set = 'body_weight'
    cross join as_of a
    where o.taken_to_day > a.day - 365 and o.value_unit in ('kg', '[lb_av]')
      and o.value_micro between 20000000 and 700000000
),
measured as (
    select t.patient_id, t.ingredient, t.start_day, t.ends_on, p.age_low, c.id as creatinine_id,
           c.taken_to_day as measured_day, c.value_text as creatinine, w.id as weight_id, w.taken_to_day as weighed_day,
           w.words as weight,
           case when c.id is null then 'creatinine'
                when w.id is null then 'weight'
                when p.age_low is null or p.age_low <> p.age_high then 'birth'
                when p.sex is null or p.sex not in ('female', 'male') then 'sex' end as lacking,
           (140 - p.age_low) * w.ten_kg_micro * case when p.sex = 'female' then 85 else 100 end as cleared,
           c.value_micro * 72 * 1000000 as per_unit
    from medicine_of t
    join person p on p.patient_id = t.patient_id
    left join creatinine c on c.patient_id = t.patient_id and c.place = 1
    left join weight w on w.patient_id = t.patient_id and w.place = 1
),
judged as (
    select m.patient_id, m.ingredient, m.ends_on, m.age_low, m.creatinine_id, m.measured_day, m.creatinine, m.weight_id,
           m.weighed_day, m.weight, m.lacking, min(r.below) as below,
           case when m.measured_day > m.start_day then m.measured_day else m.start_day end as since
    from measured m
    left join renal_limit r on r.ingredient = m.ingredient and r.measure = 'crcl' and m.lacking is null
                            and m.cleared < r.below * m.per_unit
    group by m.patient_id, m.ingredient, m.ends_on, m.age_low, m.creatinine_id, m.measured_day, m.creatinine, m.weight_id,
             m.weighed_day, m.weight, m.lacking, m.start_day
),
word as (
    select j.patient_id, j.ingredient, s.is_decision, s.fact_table, s.fact_id,
           row_number() over (partition by j.patient_id, j.ingredient
                              order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from judged j
    join taken t on t.patient_id = j.patient_id and t.ingredient = j.ingredient
    join settled s on s.patient_id = j.patient_id and s.about_id in (t.fact_id, j.creatinine_id)
    where s.settled_day >= j.since
),
change as (
    select patient_id, ingredient, ends_on as day from judged
    union all
    select patient_id, ingredient, measured_day + 365 from judged
    union all
    select patient_id, ingredient, weighed_day + 365 from judged
    union all
    select j.patient_id, j.ingredient, a.day + 90 from judged j cross join as_of a
),
next_change as (
    select patient_id, ingredient, min(day) as day from change group by patient_id, ingredient
),
evidence as (
    select patient_id, 'medicine:rxnorm:' || cast(ingredient as varchar(20)) as subject, fact_table, fact_id, 'medicine' as role
    from taken
    union
    select patient_id, 'medicine:rxnorm:' || cast(ingredient as varchar(20)), 'observation', creatinine_id, 'creatinine'
    from judged where creatinine_id is not null
    union
    select patient_id, 'medicine:rxnorm:' || cast(ingredient as varchar(20)), 'observation', weight_id, 'weight'
    from judged where weight_id is not null
    union
    select patient_id, 'medicine:rxnorm:' || cast(ingredient as varchar(20)), fact_table, fact_id, 'word'
    from word where place = 1
)
select j.patient_id, 'medicine:rxnorm:' || cast(j.ingredient as varchar(20)) as subject,
       case when w.is_decision = 1 then 'MET'
            when w.is_decision = 0 then 'EXCLUDED'
            when j.lacking is not null then 'UNKNOWN'
            when j.below is not null then 'DUE'
            else 'MET' end as status,
       j.since as opens_on,
       case when j.below is not null then j.since + 7 end as due_on,
       cast(null as integer) as lapses_on,
       n.day as recheck_on,
       case when w.is_decision = 0 then 'declined'
            when w.is_decision is null then j.lacking end as missing,
       i.name as say_medicine,
       j.creatinine as say_creatinine,
       j.measured_day as say_measured_on,
       j.weight as say_weight,
       j.weighed_day as say_weighed_on,
       j.age_low as say_age,
       j.below as say_below,
       r.what as say_what,
       r.authority as say_authority
from judged j
join next_change n on n.patient_id = j.patient_id and n.ingredient = j.ingredient
join ingredient i on i.ingredient = j.ingredient
left join renal_limit r on r.ingredient = j.ingredient and r.measure = 'crcl' and r.below = j.below
left join word w on w.patient_id = j.patient_id and w.ingredient = j.ingredient and w.place = 1

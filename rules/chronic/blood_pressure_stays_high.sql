/* ---
title: Blood pressure high twice, treatment unchanged
why: A second high reading with nothing changed means that another month goes by at risk; most people need two medicines or more.
kind: gap
question: Was {patient}'s treatment looked at after the second high blood pressure?
reason: "At or above 140/90 on {first_on} and again on {last_on}; no medicine for it was begun or changed since {first_on}."
met: "At or above 140/90 on {first_on} and again on {last_on}; a medicine for it was ordered since."
excluded:
  hospice: "{patient} is in hospice or palliative care."
  frail: "{patient} lives in a nursing home, is frail and gravely ill (from 66) or frail (from 81); the clinician sets the goal."
  kidneys: "{patient} is on dialysis or has a new kidney; the kidney clinic measures and sets the goal."
  declined: "{patient} declined."
next_step: Ask the clinician about the treatment; ask about salt, painkillers and missed doses
missing:
  day: The days of the readings are not known exactly.
authority:
  name: AHA/ACC guideline on high blood pressure in adults (monthly until at goal, treatment adjusted)
  edition: "2017, renewed 2025"
  url: https://www.ahajournals.org/doi/10.1161/HYP.0000000000000065
  valid_from: 2017-11-13
notes: "The quality measure leaves pregnant people out; here they stay, since high pressure in pregnancy cannot wait. The maternity clinic is asked first."
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
needs: [person, active_condition, final_result, encounter, active_medication_request, medicine, ingredient_class, settled, hospice_care, too_frail,
        kidney_failure, value_set_code, as_of]
--- */
-- People with high blood pressure on record, 18 and older. The lowest upper and the lowest lower number of a day count; emergency rooms
-- and hospital stays do not. The last two days with a reading, both high and at most 183 days apart, the last within 120 days. An order
-- for a pressure medicine written on the first of them or later answers it.
with hypertensive as (
    select p.patient_id, min(c.id) as condition_id
    from person p
    join active_condition c on c.patient_id = p.patient_id
    join value_set_code v on v.code = c.code and v.value_set = 'hypertension'
    where p.age_low >= 18
    group by p.patient_id
),
reading as (
    select h.patient_id, h.condition_id, r.id, r.taken_from_day, r.taken_to_day, v.value_set, r.value_micro
    from hypertensive h
    join final_result r on r.patient_id = h.patient_id
    join value_set_code v on v.code = r.code and v.value_set in ('systolic_pressure', 'diastolic_pressure')
    cross join as_of a
    left join encounter e on e.patient_id = r.patient_id and e.id = r.encounter_id
    where r.value_unit in ('mm[Hg]', 'mmHg') and r.taken_to_day > a.day - 303
      and coalesce(e.class_code, 'AMB') not in ('EMER', 'IMP', 'ACUTE', 'NONAC', 'OBSENC')
),
days as (
    select patient_id, condition_id, taken_to_day as day, min(taken_from_day) as from_day, min(id) as id,
           min(case when value_set = 'systolic_pressure' then value_micro end) as systolic,
           min(case when value_set = 'diastolic_pressure' then value_micro end) as diastolic
    from reading
    group by patient_id, condition_id, taken_to_day
),
placed as (
    select patient_id, condition_id, day, from_day, id,
           case when systolic >= 140000000 or diastolic >= 90000000 then 1 else 0 end as is_high,
           row_number() over (partition by patient_id order by day desc nulls last, id nulls last) as place
    from days
),
twice as (
    select l.patient_id, l.condition_id, l.id, f.id as first_id, l.day as last_day, f.day as first_day, l.from_day as last_from,
           f.from_day as first_from
    from placed l
    join placed f on f.patient_id = l.patient_id and f.place = 2
    cross join as_of a
    where l.place = 1 and l.is_high = 1 and f.is_high = 1 and l.day > a.day - 120 and l.day - f.day <= 183
),
changed as (
    select t.patient_id, m.id, row_number() over (partition by t.patient_id order by m.authored_from_day nulls last, m.id nulls last) as place
    from twice t
    join active_medication_request m on m.patient_id = t.patient_id and m.authored_from_day >= t.first_from
    cross join medicine n
    cross join ingredient_class k
    where n.code = m.code and k.ingredient = n.ingredient
      and k.class_name in ('ace_inhibitor', 'arb', 'ccb_dhp', 'ccb_nondhp', 'diuretic_thiazide', 'mra', 'beta_blocker_selective',
                           'beta_blocker_nonselective', 'alpha1_blocker', 'vasodilator', 'diuretic_loop', 'diuretic_k_sparing')
),
word as (
    select t.patient_id, w.is_decision, w.fact_table, w.fact_id,
           row_number() over (partition by t.patient_id order by w.settled_day desc nulls last, w.fact_id desc nulls last) as place
    from twice t
    join settled w on w.patient_id = t.patient_id and w.about_id in (t.id, t.condition_id) and w.settled_day >= t.first_from
),
barred as (
    select t.patient_id, 1 as weight, h.fact_table, h.fact_id
    from twice t
    join hospice_care h on h.patient_id = t.patient_id
    union all
    select t.patient_id, 2 as weight, f.fact_table, f.fact_id
    from twice t
    join too_frail f on f.patient_id = t.patient_id
    union all
    select t.patient_id, 3 as weight, k.fact_table, k.fact_id
    from twice t
    join kidney_failure k on k.patient_id = t.patient_id
),
answer as (
    select t.patient_id, t.last_day, t.first_day, t.last_from, c.id as order_id,
           case when h.weight is not null then 'EXCLUDED'
                when c.id is not null or w.is_decision = 1 then 'MET'
                when w.is_decision = 0 then 'EXCLUDED'
                when t.last_from < t.last_day or t.first_from < t.first_day then 'UNKNOWN'
                else 'DUE' end as status,
           case h.weight when 1 then 'hospice' when 2 then 'frail' when 3 then 'kidneys' else 'declined' end as reason_out
    from twice t
    left join changed c on c.patient_id = t.patient_id and c.place = 1
    left join word w on w.patient_id = t.patient_id and w.place = 1
    left join (select patient_id, min(weight) as weight from barred group by patient_id) h on h.patient_id = t.patient_id
),
evidence as (
    select patient_id, 'check:blood_pressure' as subject, 'observation' as fact_table, id as fact_id, 'last reading' as role from twice
    union all
    select patient_id, 'check:blood_pressure', 'observation', first_id, 'reading before' from twice
    union all
    select patient_id, 'check:blood_pressure', 'medication_request', id, 'order' from changed where place = 1
    union all
    select patient_id, 'check:blood_pressure', fact_table, fact_id, 'word' from word where place = 1
    union all
    select patient_id, 'check:blood_pressure', fact_table, fact_id, 'exclusion' from barred
)
select q.patient_id, 'check:blood_pressure' as subject, q.status, q.last_from as opens_on, q.last_from + 14 as due_on,
       q.last_day + 120 as lapses_on,
       case when q.last_day + 120 < a.day + 90 then q.last_day + 120 else a.day + 90 end as recheck_on,
       case when q.status = 'EXCLUDED' then q.reason_out when q.status = 'UNKNOWN' then 'day' end as missing,
       q.first_day as say_first_on, q.last_day as say_last_on
from answer q
cross join as_of a

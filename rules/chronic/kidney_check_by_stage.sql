/* ---
title: Kidney check by stage
why: The weaker the kidneys and the more albumin they lose, the more often they must be looked at; once a year is too seldom for many.
kind: gap
question: Is {patient}'s next kidney check arranged?
reason: "eGFR {egfr} on {egfr_on}, urine albumin {albumin}: wanted every {months} months, the next by {next_on}."
met: "eGFR {egfr} on {egfr_on}: wanted every {months} months, the next by {next_on}."
excluded:
  dialysis: "{patient} is on dialysis or has a new kidney."
  hospice: "{patient} is in hospice or palliative care."
next_step: Ask for eGFR and urine albumin, and book them
missing:
  day: The day of the last eGFR is not known exactly.
authority:
  name: KDIGO guideline for chronic kidney disease, frequency of monitoring by GFR and albuminuria
  edition: "2012, renewed 2024"
  url: https://kdigo.org/guidelines/ckd-evaluation-and-management/
  valid_from: 2013-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: book
folds_into: "draw:lab"
books: loinc|98979-8
harm: 3
needs: [person, active_condition, final_result, hospice_care, kidney_failure, value_set_code, as_of]
--- */
-- People with kidney disease on record, by the last eGFR and urine albumin of 18 months: every 3 months under 15, or under 30 with
-- albumin of 300; every 4 under 30, with albumin of 300, or under 45 with albumin of 30; every 6 under 45, or under 60 with albumin
-- of 30. Those whom once a year is enough are left to the yearly check. Months are 30 days and a half; asked a fortnight before.
with kidney as (
    select p.patient_id, min(c.id) as condition_id
    from person p
    join active_condition c on c.patient_id = p.patient_id
    join value_set_code v on v.code = c.code and v.value_set = 'kidney_disease'
    group by p.patient_id
),
result as (
    select k.patient_id, v.value_set, o.id, o.taken_from_day, o.taken_to_day, o.value_micro, o.value_text,
           row_number() over (partition by k.patient_id, v.value_set
                              order by o.taken_to_day desc nulls last, o.taken_at desc nulls last, o.id desc nulls last) as place
    from kidney k
    join final_result o on o.patient_id = k.patient_id
    join value_set_code v on v.code = o.code and v.value_set in ('egfr', 'urine_albumin_ratio')
    cross join as_of a
    where o.taken_to_day > a.day - 548 and o.value_micro is not null
      and o.value_unit in ('mL/min/{1.73_m2}', 'mL/min', 'mL/min/1.73m2', 'mg/g', 'mg/g{creat}')
),
staged as (
    select g.patient_id, k.condition_id, g.id, u.id as urine_id, g.taken_from_day, g.taken_to_day, g.value_text as egfr_words,
           coalesce(u.value_text || ' mg/g', 'not known') as urine_words,
           case when g.value_micro < 15000000 or (g.value_micro < 30000000 and u.value_micro >= 300000000) then 3
                when g.value_micro < 30000000 or u.value_micro >= 300000000
                     or (g.value_micro < 45000000 and u.value_micro >= 30000000) then 4
                when g.value_micro < 45000000 or (g.value_micro < 60000000 and u.value_micro >= 30000000) then 6 end as months
    from result g
    join kidney k on k.patient_id = g.patient_id
    left join result u on u.patient_id = g.patient_id and u.value_set = 'urine_albumin_ratio' and u.place = 1
    where g.value_set = 'egfr' and g.place = 1
),
clocked as (
    select patient_id, condition_id, id, urine_id, taken_from_day, taken_to_day, egfr_words, urine_words, months,
           taken_from_day + case months when 3 then 91 when 4 then 122 else 183 end as due_day
    from staged
    where months is not null
),
barred as (
    select c.patient_id, k.fact_table, k.fact_id as id, 1 as is_dialysis
    from clocked c
    join kidney_failure k on k.patient_id = c.patient_id
    union all
    select c.patient_id, h.fact_table, h.fact_id, 0
    from clocked c
    join hospice_care h on h.patient_id = c.patient_id
),
left_out as (
    select patient_id, max(is_dialysis) as is_dialysis from barred group by patient_id
),
evidence as (
    select patient_id, 'check:kidney' as subject, 'observation' as fact_table, id as fact_id, 'eGFR' as role from clocked
    union all
    select patient_id, 'check:kidney', 'observation', urine_id, 'urine albumin' from clocked where urine_id is not null
    union all
    select patient_id, 'check:kidney', 'condition', condition_id, 'kidney disease' from clocked
    union all
    select patient_id, 'check:kidney', fact_table, id, 'exclusion' from barred
)
select c.patient_id, 'check:kidney' as subject,
       case when o.patient_id is not null then 'EXCLUDED'
            when c.due_day > a.day then 'MET'
            when c.taken_from_day < c.taken_to_day then 'UNKNOWN'
            else 'DUE' end as status,
       c.due_day - 14 as opens_on, c.due_day as due_on, c.taken_to_day + 548 as lapses_on,
       case when c.due_day > a.day and c.due_day < a.day + 90 then c.due_day
            when c.taken_to_day + 548 < a.day + 90 then c.taken_to_day + 548
            else a.day + 90 end as recheck_on,
       case when o.is_dialysis = 1 then 'dialysis' when o.is_dialysis = 0 then 'hospice'
            when c.due_day <= a.day and c.taken_from_day < c.taken_to_day then 'day' end as missing,
       c.egfr_words as say_egfr, c.taken_from_day as say_egfr_on, c.urine_words as say_albumin, c.months as say_months,
       c.due_day as say_next_on, 'kidney check (eGFR and urine albumin)' as say_test
from clocked c
cross join as_of a
left join left_out o on o.patient_id = c.patient_id

/* ---
title: Medicine and kidney function
why: Some medicines build up or do harm when the kidneys filter less, and the prescriber may not have the newest value.
kind: risk
question: Does the prescriber know that {patient}'s kidneys filter {egfr} while {medicine} is on the list?
reason: "eGFR {egfr} on {measured_on}; for {medicine} below {below}: {what}. ({authority})"
next_step: Call the prescriber with the value and the date
met: "eGFR {egfr} on {measured_on} lies above every limit of {medicine}, or a clinician decided since."
excluded:
  declined: "{patient} knows that eGFR is {egfr}, and wants to go on with {medicine}."
missing:
  egfr: No kidney value (eGFR) of the last year is on record.
  unit: The newest kidney value came in a unit we cannot read.
  bound: The newest kidney value is only a bound, which does not tell.
authority:
  name: Product labels and KDIGO 2024; each limit names its own
  edition: "2024"
  url: https://kdigo.org/guidelines/ckd-evaluation-and-management/
  valid_from: 2024-03-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
needs: [current_ingredient, renal_limit, ingredient, final_result, settled, value_set_code, as_of]
--- */
-- Medicines with a limit stated in eGFR (metformin, NSAIDs, digoxin, ...); limits stated in creatinine clearance are
-- another measure and are not compared. The newest eGFR of the last 365 days decides; the lowest limit it falls under is
-- named. Older or none: UNKNOWN. A clinician's decision since the value came makes it MET.
with taken as (
    select m.patient_id, m.ingredient, max(m.start_day) as start_day, min(m.last_day) as last_day
    from current_ingredient m
    join renal_limit r on r.ingredient = m.ingredient and r.measure = 'egfr'
    group by m.patient_id, m.ingredient
),
measured as (
    select o.patient_id, o.id, o.taken_to_day, o.value_text, coalesce(o.comparator, '') as comparator,
           case when o.value_unit in ('mL/min/{1.73_m2}', 'mL/min/1.73m2', 'mL/min/1.73 m2', 'mL/min/{1.73m2}',
                                      'mL/min/1.73m^2', 'mL/min/1.73_m2', 'mL/min') then o.value_micro end as egfr_micro,
           row_number() over (partition by o.patient_id order by o.taken_to_day desc nulls last, o.id desc nulls last) as place
    from final_result o
    join value_set_code v on v.code = o.code and v.value_set = 'egfr'
    cross join as_of a
    where o.taken_to_day > a.day - 365 and o.value_micro is not null
),
judged as (
    select t.patient_id, 'medicine:rxnorm:' || cast(t.ingredient as varchar(20)) as subject, t.ingredient, t.last_day,
           e.id, e.taken_to_day, e.egfr_micro, e.comparator || e.value_text as egfr, e.comparator,
           case when e.taken_to_day > t.start_day then e.taken_to_day else t.start_day end as since,
           min(r.below) as below
    from taken t
    left join measured e on e.patient_id = t.patient_id and e.place = 1
    left join renal_limit r on r.ingredient = t.ingredient and r.measure = 'egfr'
                            and r.below * 1000000 > e.egfr_micro
    group by t.patient_id, t.ingredient, t.last_day, t.start_day, e.id, e.taken_to_day, e.egfr_micro, e.value_text,
             e.comparator
),
word as (
    select j.patient_id, j.subject, s.is_decision, s.fact_table, s.fact_id,
           row_number() over (partition by j.patient_id, j.subject
                              order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from judged j
    join current_ingredient m on m.patient_id = j.patient_id and m.ingredient = j.ingredient
    join settled s on s.patient_id = j.patient_id and s.about_id in (m.fact_id, j.id)
    where s.settled_day >= j.since
),
lacking as (
    select patient_id, subject,
           case when id is null then 'egfr'
                when egfr_micro is null then 'unit'
                when below is not null and comparator in ('>', '>=') then 'bound'
                when below is null and comparator in ('<', '<=') then 'bound' end as missing
    from judged
),
change as (
    select patient_id, subject, last_day + 1 as day from judged
    union all
    select patient_id, subject, taken_to_day + 365 from judged
    union all
    select j.patient_id, j.subject, a.day + 90 from judged j cross join as_of a
),
next_change as (
    select patient_id, subject, min(day) as day from change group by patient_id, subject
),
evidence as (
    select m.patient_id, 'medicine:rxnorm:' || cast(m.ingredient as varchar(20)) as subject, m.fact_table, m.fact_id,
           'medicine' as role
    from current_ingredient m
    union all
    select patient_id, subject, 'observation', id, 'kidney value' from judged where id is not null
    union all
    select patient_id, subject, fact_table, fact_id, 'word' from word where place = 1
)
select j.patient_id, j.subject,
       case when w.is_decision = 1 then 'MET'
            when w.is_decision = 0 then 'EXCLUDED'
            when k.missing is not null then 'UNKNOWN'
            when j.below is not null then 'DUE'
            else 'MET' end as status,
       j.since as opens_on,
       case when j.below is not null then j.since + 7 end as due_on,
       cast(null as integer) as lapses_on,
       c.day as recheck_on,
       case when w.is_decision = 0 then 'declined'
            when w.is_decision is null then k.missing end as missing,
       i.name as say_medicine,
       j.egfr as say_egfr,
       j.taken_to_day as say_measured_on,
       j.below as say_below,
       r.what as say_what,
       r.authority as say_authority
from judged j
join lacking k on k.patient_id = j.patient_id and k.subject = j.subject
join next_change c on c.patient_id = j.patient_id and c.subject = j.subject
join ingredient i on i.ingredient = j.ingredient
left join renal_limit r on r.ingredient = j.ingredient and r.measure = 'egfr' and r.below = j.below
left join word w on w.patient_id = j.patient_id and w.subject = j.subject and w.place = 1

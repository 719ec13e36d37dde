/* ---
title: Contrast scan while taking metformin
why: With weak kidneys, iodine contrast can let metformin build up to a dangerous level; the scan is put off when nobody asked.
kind: question
question: Does {patient} pause metformin for {visit} on {visit_on}?
reason: "{patient} takes metformin; the kidney value (eGFR) of {tested_on} is {egfr}, under 60, and {visit} on {visit_on} uses contrast."
met: "What to do with metformin around {visit} on {visit_on} was decided."
next_step: Ask the ordering clinician whether metformin pauses on the day and for 48 hours, and who checks the kidney value after.
missing:
  egfr: "No kidney value (eGFR) in usable form from the last 365 days is on record, and the scan uses contrast."
  exact_day: "The day of the scan, of the kidney value or of the decision is known only by its month. Ask the office."
excluded:
  kidneys: "The kidney value (eGFR) of {tested_on} is {egfr}: 60 or more, so metformin goes on."
authority: {name: "FDA label of metformin: iodinated contrast with an eGFR from 30 to 60", edition: "April 2016",
            url: "https://www.fda.gov/drugs/drug-safety-and-availability", valid_from: 2016-04-08}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: Liver disease, alcohol, heart failure and contrast into an artery also count in the label and are left to the clinician.
unknown: ask
step_kind: call
harm: 4
needs: [visit_ahead, visit_service, current_ingredient, ingredient, final_result, contact_made, settled, value_set_code]
--- */
with
visits as (
    select distinct v.patient_id, v.id
    from visit_service v
    join value_set_code s on s.code = v.code and s.value_set = 'contrast_scan'
),
taken as (
    select v.patient_id, v.id, m.fact_table, m.fact_id
    from visits v
    join current_ingredient m on m.patient_id = v.patient_id
    join ingredient i on i.ingredient = m.ingredient
    where i.name = 'metformin'
),
scans as (
    select distinct t.patient_id, t.id
    from taken t
),
-- the newest kidney value of the last year
measured as (
    select s.patient_id, s.id, o.id as fact_id, o.taken_to_day, coalesce(o.comparator, '') || o.value_text as egfr,
           case when o.value_unit not in ('mL/min/{1.73_m2}', 'mL/min/1.73m2', 'mL/min/1.73 m2', 'mL/min/{1.73m2}',
                                          'mL/min/1.73m^2', 'mL/min/1.73_m2', 'mL/min') then null
                when o.comparator = '<' and o.value_micro <= 60000000 then 0
                when o.comparator = '<' or (o.comparator = '>' and o.value_micro < 60000000) then null
                else o.value_micro end as egfr_micro,
           row_number() over (partition by s.patient_id, s.id order by o.taken_to_day desc nulls last, o.id desc nulls last) as place
    from scans s
    join final_result o on o.patient_id = s.patient_id
    join value_set_code v on v.code = o.code and v.value_set = 'egfr'
    cross join as_of a
    where o.taken_to_day > a.day - 365 and o.value_micro is not null
),
decided as (
    select distinct t.patient_id, t.id, 'communication' as fact_table, c.id as fact_id
    from taken t
    join contact_made c on c.patient_id = t.patient_id and c.about_id = t.id
    join value_set_code w on w.code = c.topic and w.value_set = 'work_pause_decided'
    union all
    select t.patient_id, t.id, s.fact_table, s.fact_id
    from taken t
    join visit_ahead b on b.patient_id = t.patient_id and b.id = t.id
    join settled s on s.patient_id = t.patient_id and s.about_id = t.fact_id
    where s.is_decision = 1 and s.settled_day >= b.day - 14
),
judged as (
    select s.patient_id, s.id, b.day, b.over_day, b.visit, e.taken_to_day, e.egfr,
           case when d.id is not null then 'MET'
                when e.egfr_micro is null then 'UNKNOWN'
                when e.egfr_micro >= 60000000 then 'EXCLUDED'
                else 'DUE' end as status
    from scans s
    join visit_ahead b on b.patient_id = s.patient_id and b.id = s.id
    left join measured e on e.patient_id = s.patient_id and e.id = s.id and e.place = 1
    left join (select distinct patient_id, id from decided) d on d.patient_id = s.patient_id and d.id = s.id
),
-- the answer can change when the visit is over or the kidney value grows old
change as (
    select j.patient_id, j.id, j.over_day as day
    from judged j
    union all
    select j.patient_id, j.id, j.taken_to_day + 365 as day
    from judged j
    union all
    select s.patient_id, s.id, a.day + 90 as day
    from scans s
    cross join as_of a
),
soonest as (
    select c.patient_id, c.id, min(c.day) as day
    from change c
    group by c.patient_id, c.id
),
evidence as (
    select s.patient_id, 'pause:' || cast(s.id as varchar(20)) as subject, 'appointment' as fact_table,
           s.id as fact_id, 'visit' as role
    from scans s
    union all
    select t.patient_id, 'pause:' || cast(t.id as varchar(20)) as subject, t.fact_table, t.fact_id, 'medicine' as role
    from taken t
    union all
    select e.patient_id, 'pause:' || cast(e.id as varchar(20)) as subject, 'observation' as fact_table, e.fact_id,
           'kidney value' as role
    from measured e
    where e.place = 1
    union all
    select d.patient_id, 'pause:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'decision' as role
    from decided d
)
select j.patient_id, 'pause:' || cast(j.id as varchar(20)) as subject, j.status, j.day - 14 as opens_on,
       j.day - 5 as due_on, j.over_day as lapses_on, s.day as recheck_on,
       case j.status when 'UNKNOWN' then 'egfr' when 'EXCLUDED' then 'kidneys' end as missing,
       'appointment:' || cast(j.id as varchar(20)) as blocks,
       j.visit as say_visit, j.day as say_visit_on, j.taken_to_day as say_tested_on, j.egfr as say_egfr
from judged j
join soonest s on s.patient_id = j.patient_id and s.id = j.id

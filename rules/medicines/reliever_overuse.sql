/* ---
title: Too much of the reliever inhaler
why: Three or more reliever inhalers a year go with more severe attacks; the controller is missing or not taken.
kind: risk
question: How often does {patient} need the reliever, and is a controller taken every day?
reason: "{fills} reliever inhalers ({medicine}) were fetched since {first_on}; two would be a year's worth."
met: "{fills} reliever inhalers ({medicine}) were fetched since {first_on}; a visit followed on {seen_on}."
next_step: Book a visit about asthma control, with the inhalers in the bag
excluded:
  declined: "{patient} does not want a visit about it."
  hospice: "Comfort comes first: hospice or palliative care."
authority:
  name: Global Initiative for Asthma, three or more canisters of a short-acting reliever in a year as a warning
  edition: "2024"
  url: https://ginasthma.org/
  valid_from: 2019-04-01
notes: The page was not opened while this was written. The visit that settles it is any finished visit after the last fill (project choice).
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: book
harm: 3
needs: [person, completed_fill, medicine, ingredient, ingredient_class, active_condition, outpatient_visit, hospice_care, contact_tried,
        value_set_code, as_of]
--- */
-- Three or more fills of a short-acting reliever on different days within 365 days, in somebody with asthma. A finished visit
-- after the newest fill makes it MET; a further fill brings it back.
with fetched as (
    select f.patient_id, f.id, f.code, f.filled_from_day as day, i.name,
           row_number() over (partition by f.patient_id order by f.filled_from_day desc nulls last, f.id desc nulls last) as place
    from completed_fill f
    join person p on p.patient_id = f.patient_id
    join medicine m on m.code = f.code
    join ingredient_class k on k.ingredient = m.ingredient
    join ingredient i on i.ingredient = m.ingredient
    cross join as_of a
    where k.class_name = 'saba' and f.filled_from_day = f.filled_to_day and f.filled_from_day > a.day - 365
),
counted as (
    select f.patient_id, count(distinct f.day) as fills, min(f.day) as first_on, max(f.day) as last_on,
           min(f.day) + 365 as changes_on, a.day + 90 as horizon
    from fetched f
    cross join as_of a
    group by f.patient_id, a.day
),
asthma as (
    select c.patient_id, min(d.id) as id
    from counted c
    join active_condition d on d.patient_id = c.patient_id
    join value_set_code v on v.code = d.code and v.value_set = 'asthma_any'
    where c.fills > 2
    group by c.patient_id
),
seen as (
    select c.patient_id, v.id, v.start_from_day,
           row_number() over (partition by c.patient_id order by v.start_from_day nulls last, v.id nulls last) as place
    from counted c
    join outpatient_visit v on v.patient_id = c.patient_id
    where v.start_from_day > c.last_on
),
refused as (
    select f.patient_id, max(c.id) as id
    from fetched f
    join counted n on n.patient_id = f.patient_id
    join contact_tried c on c.patient_id = f.patient_id and c.about_id = f.id
    join value_set_code v on v.code = c.status_reason and v.value_set = 'work_declined'
    where c.sent_from_day >= n.last_on
    group by f.patient_id
),
evidence as (
    select patient_id, 'check:reliever' as subject, 'medication_dispense' as fact_table, id as fact_id, 'fill' as role from fetched
    union all
    select patient_id, 'check:reliever', 'condition', id, 'asthma' from asthma
    union all
    select patient_id, 'check:reliever', 'encounter', id, 'visit' from seen where place = 1
    union all
    select patient_id, 'check:reliever', 'communication', id, 'refusal' from refused
)
select c.patient_id, 'check:reliever' as subject,
       case when h.patient_id is not null then 'EXCLUDED'
            when s.id is not null then 'MET'
            when d.id is not null then 'EXCLUDED'
            else 'DUE' end as status,
       c.last_on as opens_on,
       c.last_on + 14 as due_on,
       cast(null as integer) as lapses_on,
       case when c.changes_on < c.horizon then c.changes_on else c.horizon end as recheck_on,
       case when h.patient_id is not null then 'hospice'
            when s.id is not null then null
            when d.id is not null then 'declined' end as missing,
       f.name as say_medicine,
       c.fills as say_fills,
       c.first_on as say_first_on,
       s.start_from_day as say_seen_on
from counted c
join asthma x on x.patient_id = c.patient_id
join fetched f on f.patient_id = c.patient_id and f.place = 1
left join seen s on s.patient_id = c.patient_id and s.place = 1
left join refused d on d.patient_id = c.patient_id
left join (select distinct patient_id from hospice_care) h on h.patient_id = c.patient_id

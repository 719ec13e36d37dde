/* ---
title: Opioid with a calming medicine, and no naloxone at home
why: Together they can stop the breath in sleep; naloxone in the house gives the family minutes.
kind: risk
question: Is there naloxone in {patient}'s home, and do both prescribers know of {opioid} and {calming}?
reason: "{opioid} and {calming} together since {since_on}; no naloxone was ordered or fetched in the last three years."
met: "{opioid} and {calming} together since {since_on}; {met_by}."
next_step: Call the prescriber of the opioid for naloxone, and ask whether both are still needed
excluded:
  declined: "{patient} does not want naloxone at home."
  hospice: "Comfort comes first: hospice or palliative care."
authority:
  name: FDA boxed warning on opioids with benzodiazepines (2016) and label change on naloxone (2020); CDC guideline for prescribing opioids
  edition: "2022"
  url: https://www.cdc.gov/mmwr/volumes/71/rr/rr7103a1.htm
  valid_from: 2020-07-23
notes: Neither page was opened while this was written.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 5
folds_into: interacting_medicines
needs: [current_ingredient, ingredient_class, ingredient_history, ingredient, hospice_care, settled, as_of]
--- */
-- One row a person, naming the newest opioid and the newest benzodiazepine. Naloxone keeps for about three years: one
-- ordered, fetched or spoken of within 1,095 days makes it MET.
with taken as (
    select m.patient_id, m.ingredient, k.class_name, m.fact_table, m.fact_id, m.start_day, m.last_day,
           row_number() over (partition by m.patient_id, k.class_name
                              order by m.start_day desc nulls last, m.fact_id desc nulls last) as place
    from current_ingredient m
    join ingredient_class k on k.ingredient = m.ingredient
    where k.class_name in ('opioid', 'benzodiazepine')
),
kind as (
    select patient_id, class_name, min(start_day) as start_day, min(last_day) + 1 as ends_on
    from taken
    group by patient_id, class_name
),
pair as (
    select k.patient_id, max(k.start_day) as since, min(k.ends_on) as ends_on, a.day + 90 as horizon
    from kind k
    cross join as_of a
    group by k.patient_id, a.day
    having count(*) = 2
),
at_home as (
    select p.patient_id, h.fact_table, h.fact_id, h.first_day + 1095 as kept_until,
           row_number() over (partition by p.patient_id order by h.first_day desc nulls last, h.fact_id desc nulls last) as place
    from pair p
    join ingredient_history h on h.patient_id = p.patient_id
    join ingredient i on i.ingredient = h.ingredient
    cross join as_of a
    where i.name = 'naloxone' and h.first_day + 1095 > a.day
),
word as (
    select p.patient_id, s.is_decision, s.fact_table, s.fact_id,
           row_number() over (partition by p.patient_id order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from pair p
    join taken t on t.patient_id = p.patient_id
    join settled s on s.patient_id = p.patient_id and s.about_id = t.fact_id
    where s.settled_day >= p.since
),
comfort as (
    select p.patient_id, h.fact_table, h.fact_id
    from pair p
    join hospice_care h on h.patient_id = p.patient_id
),
change as (
    select patient_id, ends_on as day from pair
    union all
    select patient_id, horizon from pair
    union all
    select patient_id, kept_until from at_home where place = 1
),
next_change as (
    select patient_id, min(day) as day from change group by patient_id
),
evidence as (
    select patient_id, 'medicines:opioid' as subject, fact_table, fact_id, 'medicine' as role from taken
    union
    select patient_id, 'medicines:opioid', fact_table, fact_id, 'naloxone' from at_home where place = 1
    union
    select patient_id, 'medicines:opioid', fact_table, fact_id, 'word' from word where place = 1
    union
    select patient_id, 'medicines:opioid', fact_table, fact_id, 'exclusion' from comfort
)
select p.patient_id, 'medicines:opioid' as subject,
       case when c.patient_id is not null then 'EXCLUDED'
            when n.fact_id is not null then 'MET'
            when w.is_decision = 1 then 'MET'
            when w.is_decision = 0 then 'EXCLUDED'
            else 'DUE' end as status,
       p.since as opens_on,
       p.since + 1 as due_on,
       cast(null as integer) as lapses_on,
       d.day as recheck_on,
       case when c.patient_id is not null then 'hospice'
            when n.fact_id is not null then null
            when w.is_decision = 0 then 'declined' end as missing,
       i.name as say_opioid,
       j.name as say_calming,
       p.since as say_since_on,
       case when n.fact_id is not null then 'naloxone is on record'
            else 'a clinician decided about it' end as say_met_by
from pair p
join next_change d on d.patient_id = p.patient_id
join taken x on x.patient_id = p.patient_id and x.class_name = 'opioid' and x.place = 1
join taken y on y.patient_id = p.patient_id and y.class_name = 'benzodiazepine' and y.place = 1
join ingredient i on i.ingredient = x.ingredient
join ingredient j on j.ingredient = y.ingredient
left join at_home n on n.patient_id = p.patient_id and n.place = 1
left join word w on w.patient_id = p.patient_id and w.place = 1
left join (select distinct patient_id from comfort) c on c.patient_id = p.patient_id

/* ---
title: High daily dose of opioids, all products together
why: From 50 morphine milligram equivalents a day the risk of an overdose climbs faster than the relief.
kind: risk
question: Do the prescribers know what {patient}'s opioids come to in a day, and is there naloxone at home?
reason: "{orders} opioid orders come to {height} morphine milligram equivalents (MME) a day when all are taken."
met: "{orders} opioid orders come to less than 50 morphine milligram equivalents (MME) a day, or a clinician decided since."
next_step: Call the prescriber about naloxone and the plan; never stop or lower the dose at once
missing:
  dose: At least one opioid order does not say how much is taken in a day, in a unit we can read.
excluded:
  declined: "{patient} knows, and wants to go on."
  hospice: "Comfort comes first: hospice or palliative care."
  cancer: "Pain from cancer follows another plan."
authority:
  name: CDC clinical practice guideline for prescribing opioids for pain (50 MME a day; conversion factors)
  edition: "2022"
  url: https://www.cdc.gov/mmwr/volumes/71/rr/rr7103a1.htm
  valid_from: 2022-11-04
notes: The page was not opened while this was written; the factors stand in knowledge/medicine_strengths.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
unknown: show
needs: [daily_amount, ingredient_class, hospice_care, active_condition, settled, value_set_code, as_of]
--- */
-- Every active opioid order at its full dose, also when taken only as needed; a patch counts by its hourly rate. What is
-- ordered to treat dependence (buprenorphine) is not counted.
with taken as (
    select d.patient_id, d.id, d.start_day, d.last_day, d.daily_mme
    from daily_amount d
    join ingredient_class k on k.ingredient = d.ingredient
    where k.class_name = 'opioid'
),
summed as (
    select t.patient_id, count(*) as orders, count(t.daily_mme) as told, sum(t.daily_mme) as mme, max(t.start_day) as since,
           min(t.last_day) + 1 as ends_on, a.day + 90 as horizon
    from taken t
    cross join as_of a
    group by t.patient_id, a.day
),
barred as (
    select s.patient_id, 'hospice' as why, h.fact_table, h.fact_id
    from summed s
    join hospice_care h on h.patient_id = s.patient_id
    union
    select s.patient_id, 'cancer', 'condition', c.id
    from summed s
    join active_condition c on c.patient_id = s.patient_id
    join value_set_code v on v.code = c.code and v.value_set in ('charlson_cancer', 'charlson_cancer_spread')
),
bar as (
    select patient_id, count(case when why = 'hospice' then fact_id end) as hospice from barred group by patient_id
),
judged as (
    select s.patient_id, s.orders, s.since, b.hospice,
           case when s.ends_on < s.horizon then s.ends_on else s.horizon end as recheck_on,
           case when s.mme >= 9000000000000000 then 'very high'
                when s.mme >= 5000000000000000 then 'high'
                when s.told < s.orders then 'dose'
                else 'low' end as verdict
    from summed s
    left join bar b on b.patient_id = s.patient_id
),
word as (
    select j.patient_id, s.is_decision, s.fact_table, s.fact_id,
           row_number() over (partition by j.patient_id order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from judged j
    join taken t on t.patient_id = j.patient_id
    join settled s on s.patient_id = j.patient_id and s.about_id = t.id
    where s.settled_day >= j.since
),
told as (
    select j.patient_id, j.orders, j.since, j.recheck_on, j.verdict,
           case when j.verdict = 'low' then null
                when j.hospice > 0 then 'hospice'
                when j.hospice = 0 then 'cancer'
                when w.is_decision = 1 then 'decided'
                when w.is_decision = 0 then 'declined'
                when j.verdict = 'dose' then 'dose' end as why
    from judged j
    left join word w on w.patient_id = j.patient_id and w.place = 1
),
evidence as (
    select patient_id, 'medicines:opioid-dose' as subject, 'medication_request' as fact_table, id as fact_id, 'medicine' as role
    from taken
    union
    select patient_id, 'medicines:opioid-dose', fact_table, fact_id, 'exclusion' from barred
    union
    select patient_id, 'medicines:opioid-dose', fact_table, fact_id, 'word' from word where place = 1
)
select t.patient_id, 'medicines:opioid-dose' as subject,
       case when t.verdict = 'low' or t.why = 'decided' then 'MET'
            when t.why = 'dose' then 'UNKNOWN'
            when t.why is not null then 'EXCLUDED'
            else 'DUE' end as status,
       t.since as opens_on,
       case when t.verdict in ('high', 'very high') then t.since + 3 end as due_on,
       cast(null as integer) as lapses_on,
       t.recheck_on,
       case when t.why = 'hospice' then 'hospice'
            when t.why = 'cancer' then 'cancer'
            when t.why = 'declined' then 'declined'
            when t.why = 'dose' then 'dose' end as missing,
       t.orders as say_orders,
       case when t.verdict = 'very high' then '90 or more' else 'at least 50' end as say_height
from told t

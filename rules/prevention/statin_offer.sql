/* ---
title: Statin to be talked about
why: At a ten-year risk of 10 % or more, a statin prevents one heart attack or stroke in every fifty to a hundred people who take it.
kind: gap
question: Has a statin been talked about with {patient}?
reason: "Ten-year risk of a heart attack or stroke {risk} on {measured_on}; no statin is on the medicines list."
met: "Ten-year risk {risk} on {measured_on}; a statin is on the list, or a clinician decided."
next_step: Put the risk before the clinician, and ask for a talk with the person about a statin.
missing:
  unit: "The risk came without a unit we know, so nobody can tell whether it is 10 % or more."
excluded:
  hospice: "{patient} is in hospice or palliative care, where prevention stops."
  grave: "A grave illness on record leaves no time in which this could help."
  frail: "{patient} lives in a nursing home, or is frail and gravely ill; from 66 on the clinician decides then."
  kidneys: "{patient} is on dialysis or has a new kidney; a statin is for the kidney clinic to begin."
  pregnant: "{patient} is pregnant; a statin is not begun then."
  declined: "{patient} does not want a statin; asked again {opens_on}."
authority: {name: U.S. Preventive Services Task Force, edition: "August 2022 (B)",
            url: "https://www.uspreventiveservicestaskforce.org/uspstf/recommendation/statin-use-in-adults-preventive-medication",
            valid_from: 2022-08-23}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: The page was not opened on the day of writing. The risk must be in the record; it is not computed here. A risk factor is taken as given at 10 %.
step_kind: call
harm: 3
needs: [person, final_result, current_ingredient, ingredient_class, settled, declined_lately, screening_stopped,
        kidney_failure, pregnant, value_set_code]
--- */
with
-- the newest risk of the last two years
measured as (
    select r.patient_id, r.id, r.taken_from_day as day, r.value_micro, r.value_unit, r.value_text,
           row_number() over (partition by r.patient_id order by r.taken_from_day desc nulls last, r.id desc nulls last) as place
    from final_result r
    join value_set_code v on v.code = r.code and v.value_set = 'cardiovascular_risk'
    cross join as_of a
    where r.value_micro is not null and r.taken_from_day > a.day - 730
),
members as (
    select m.patient_id, m.id, m.day, m.value_unit, m.value_text || ' ' || coalesce(m.value_unit, '') as risk
    from measured m
    join person p on p.patient_id = m.patient_id
    where m.place = 1 and p.age_low >= 40 and p.age_high <= 75
      and (coalesce(m.value_unit, '') <> '%' or m.value_micro >= 10000000)
),
-- a statin taken, or the last word of a clinician about this risk
settled_by as (
    select m.patient_id, i.fact_table, i.fact_id
    from members m
    join current_ingredient i on i.patient_id = m.patient_id
    join ingredient_class k on k.ingredient = i.ingredient and k.class_name = 'statin'
    union all
    select m.patient_id, s.fact_table, s.fact_id
    from members m
    join settled s on s.patient_id = m.patient_id and s.about_id = m.id
    where s.is_decision = 1
),
declined as (
    select m.patient_id, n.until_day, n.fact_table, n.fact_id
    from members m
    join declined_lately n on n.patient_id = m.patient_id and n.about_id = m.id
),
barred as (
    select m.patient_id, x.weight, x.fact_table, x.fact_id
    from members m
    join screening_stopped x on x.patient_id = m.patient_id
    union all
    select m.patient_id, 4 as weight, k.fact_table, k.fact_id
    from members m
    join kidney_failure k on k.patient_id = m.patient_id
    union all
    select m.patient_id, 5 as weight, g.fact_table, g.fact_id
    from members m
    join pregnant g on g.patient_id = m.patient_id
),
judged as (
    select m.patient_id, m.day, m.risk, d.until_day,
           case when x.weight = 1 then 'hospice'
                when x.weight = 2 then 'grave'
                when x.weight = 3 then 'frail'
                when x.weight = 4 then 'kidneys'
                when x.weight = 5 then 'pregnant'
                when s.patient_id is not null then 'met'
                when d.patient_id is not null then 'declined'
                when coalesce(m.value_unit, '') <> '%' then 'unit'
                else 'due' end as verdict
    from members m
    left join (select distinct patient_id from settled_by) s on s.patient_id = m.patient_id
    left join (select patient_id, max(until_day) as until_day from declined group by patient_id) d on d.patient_id = m.patient_id
    left join (select patient_id, min(weight) as weight from barred group by patient_id) x on x.patient_id = m.patient_id
),
evidence as (
    select m.patient_id, 'offer:statin' as subject, 'observation' as fact_table, m.id as fact_id, 'risk' as role
    from members m
    union all
    select s.patient_id, 'offer:statin' as subject, s.fact_table, s.fact_id, 'settled by' as role
    from settled_by s
    union all
    select d.patient_id, 'offer:statin' as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
    union all
    select b.patient_id, 'offer:statin' as subject, b.fact_table, b.fact_id, 'exclusion' as role
    from barred b
)
select j.patient_id, 'offer:statin' as subject,
       case j.verdict when 'met' then 'MET' when 'due' then 'DUE' when 'unit' then 'UNKNOWN' else 'EXCLUDED' end as status,
       case j.verdict when 'declined' then j.until_day else j.day + 30 end as opens_on, j.day + 90 as due_on,
       j.day + 730 as lapses_on,
       case when j.until_day < j.day + 730 and j.until_day < a.day + 90 then j.until_day
            when j.day + 730 < a.day + 90 then j.day + 730 else a.day + 90 end as recheck_on,
       case j.verdict when 'hospice' then 'hospice' when 'grave' then 'grave' when 'frail' then 'frail'
                      when 'kidneys' then 'kidneys' when 'pregnant' then 'pregnant' when 'declined' then 'declined'
                      when 'unit' then 'unit' end as missing,
       j.day as say_measured_on, j.risk as say_risk
from judged j
cross join as_of a

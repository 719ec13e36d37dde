/* ---
title: Aneurysm screening
why: In men who ever smoked, one look at the aorta finds a bulge before it bursts, which few survive.
kind: gap
question: Is an ultrasound of the aorta booked for {patient}?
reason: "{patient} smoked and is between 65 and 75; no ultrasound of the aorta is on record. It is done once."
met: "The aorta was looked at on {last_on}; once is enough."
next_step: Offer the ultrasound and book it.
missing:
  birth: "The day of birth is not exact enough to tell the age."
excluded:
  hospice: "{patient} is in hospice or palliative care, where screening stops."
  grave: "A grave illness on record leaves no time in which this could help."
  frail: "{patient} lives in a nursing home, or is frail and gravely ill; from 66 on the clinician decides then."
  known: "An aneurysm of the aorta is known; the ultrasound is follow-up then, not screening."
  declined: "{patient} said no; asked again {opens_on}."
authority: {name: U.S. Preventive Services Task Force, edition: "December 2019 (B)",
            url: "https://www.uspreventiveservicestaskforce.org/uspstf/recommendation/abdominal-aortic-aneurysm-screening",
            valid_from: 2019-12-10}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: The page was not opened on the day of writing. Who never smoked is a matter of choice (C) and is left out.
step_kind: book
harm: 3
books: hcpcs|G0389
needs: [person, smoking_history, done_test, declined_lately, known_condition, screening_stopped, booked_visit,
        calendar, value_set_code]
--- */
with
members as (
    select p.patient_id, s.last_id, s.last_day,
           enter.day - 1 + case when born.day_of_month > enter.days_in_month then enter.days_in_month
                                else born.day_of_month end as enter_day,
           leave.day - 1 + case when born.day_of_month > leave.days_in_month then leave.days_in_month
                                else born.day_of_month end as leave_day,
           case when p.age_low >= 65 and p.age_high <= 75 then 'sure' else 'maybe' end as age
    from person p
    join smoking_history s on s.patient_id = p.patient_id
    join calendar born on born.calendar_id = 1 and born.day = p.birth_to_day
    join calendar enter on enter.calendar_id = 1 and enter.month_index = born.month_index + 780 and enter.day_of_month = 1
    join calendar leave on leave.calendar_id = 1 and leave.month_index = born.month_index + 912 and leave.day_of_month = 1
    where p.sex = 'male' and p.age_high >= 65 and p.age_low <= 75 and s.ever_smoked = 1
),
seen as (
    select m.patient_id, t.to_day, t.fact_table, t.fact_id,
           row_number() over (partition by m.patient_id order by t.to_day desc nulls last, t.fact_id desc nulls last) as place
    from members m
    join done_test t on t.patient_id = m.patient_id
    join value_set_code v on v.code = t.code and v.value_set = 'aorta_ultrasound'
),
barred as (
    select m.patient_id, x.weight, x.fact_table, x.fact_id
    from members m
    join screening_stopped x on x.patient_id = m.patient_id
    union all
    select m.patient_id, 4 as weight, 'condition' as fact_table, c.id as fact_id
    from members m
    join known_condition c on c.patient_id = m.patient_id
    join value_set_code v on v.code = c.code and v.value_set = 'aortic_aneurysm'
),
declined as (
    select m.patient_id, n.until_day, n.fact_table, n.fact_id
    from members m
    join declined_lately n on n.patient_id = m.patient_id
    join value_set_code v on v.code = n.code and v.value_set = 'aorta_ultrasound'
),
booked as (
    select m.patient_id, b.id, b.free_day
    from members m
    join booked_visit b on b.patient_id = m.patient_id
    join value_set_code v on v.code = b.code and v.value_set = 'aorta_ultrasound'
),
judged as (
    select m.patient_id, m.leave_day, t.to_day as last_day, d.until_day, k.free_day,
           case when m.last_day > m.enter_day then m.last_day else m.enter_day end as enter_day,
           case when x.weight = 1 then 'hospice'
                when x.weight = 2 then 'grave'
                when x.weight = 3 then 'frail'
                when x.weight = 4 then 'known'
                when t.patient_id is not null then 'met'
                when d.patient_id is not null then 'declined'
                when m.age = 'maybe' then 'birth'
                else 'due' end as verdict
    from members m
    left join seen t on t.patient_id = m.patient_id and t.place = 1
    left join (select patient_id, min(weight) as weight from barred group by patient_id) x on x.patient_id = m.patient_id
    left join (select patient_id, max(until_day) as until_day from declined group by patient_id) d on d.patient_id = m.patient_id
    left join (select patient_id, min(free_day) as free_day from booked group by patient_id) k
        on k.patient_id = m.patient_id
),
dated as (
    select j.patient_id, j.verdict, j.last_day, j.leave_day,
           case when j.verdict = 'declined' then j.until_day else coalesce(j.free_day, j.enter_day) end as open_day,
           case when j.verdict = 'declined' then j.until_day
                when j.verdict = 'birth' then a.day + 1
                else j.free_day end as next_day
    from judged j
    cross join as_of a
),
soonest as (
    select d.patient_id, case when d.next_day < d.leave_day then d.next_day else d.leave_day end as day
    from dated d
),
evidence as (
    select m.patient_id, 'screening:aorta' as subject, 'observation' as fact_table, m.last_id as fact_id, 'smoking' as role
    from members m
    union all
    select s.patient_id, 'screening:aorta' as subject, s.fact_table, s.fact_id, 'done' as role
    from seen s
    where s.place = 1
    union all
    select b.patient_id, 'screening:aorta' as subject, b.fact_table, b.fact_id, 'exclusion' as role
    from barred b
    union all
    select d.patient_id, 'screening:aorta' as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
    union all
    select k.patient_id, 'screening:aorta' as subject, 'appointment' as fact_table, k.id as fact_id, 'booked' as role
    from booked k
)
select d.patient_id, 'screening:aorta' as subject,
       case d.verdict when 'hospice' then 'EXCLUDED' when 'grave' then 'EXCLUDED' when 'frail' then 'EXCLUDED'
                      when 'known' then 'EXCLUDED' when 'declined' then 'EXCLUDED' when 'met' then 'MET' when 'birth' then 'UNKNOWN' else 'DUE' end as status,
       d.open_day as opens_on, d.open_day + 180 as due_on, d.leave_day as lapses_on,
       case when s.day < a.day + 90 then s.day else a.day + 90 end as recheck_on,
       case d.verdict when 'hospice' then 'hospice' when 'grave' then 'grave' when 'frail' then 'frail' when 'known' then 'known'
                      when 'declined' then 'declined' when 'birth' then 'birth' end as missing,
       d.last_day as say_last_on
from dated d
join soonest s on s.patient_id = d.patient_id
cross join as_of a

/* ---
title: Lung cancer screening
why: In people who smoked much, a low-dose CT each year finds lung cancer while it can still be cut out.
kind: gap
question: Is a low-dose CT of the chest booked for {patient}?
reason: "20 pack-years or more, smoking within 15 years; last low-dose CT {last_on}. It is due every 12 months from 50 to 80."
met: "Low-dose CT on {last_on}; again from {opens_on}."
next_step: Offer the talk about gains and harms, then the low-dose CT; offer help to stop smoking along with it.
missing:
  packs: "They smoke or smoked, and nobody says how many pack-years it was."
  quit: "They stopped smoking, and nobody says whether it was within 15 years."
  report: "It is said to be done, but no report with an exact day is here."
  birth: "The day of birth is not exact enough to tell the age."
excluded:
  hospice: "{patient} is in hospice or palliative care, where screening stops."
  grave: "A grave illness on record leaves no time in which this could help."
  frail: "{patient} lives in a nursing home, or is frail and gravely ill; from 66 on the clinician decides then."
  known: "Lung cancer is known; the CT is follow-up then, not screening."
  declined: "{patient} said no; asked again {opens_on}."
authority: {name: U.S. Preventive Services Task Force, edition: "March 2021 (B)",
            url: "https://www.uspreventiveservicestaskforce.org/uspstf/recommendation/lung-cancer-screening", valid_from: 2021-03-09}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: The page was not opened on the day of writing. Years are counted as 365 days.
step_kind: book
harm: 3
books: loinc|79086-5
needs: [person, smoking_history, done_test, said_done, declined_lately, known_condition, screening_stopped, booked_visit,
        calendar, value_set_code]
--- */
with
members as (
    select p.patient_id, s.packs_micro, s.last_smoked_day, s.last_id, s.last_day,
           leave.day - 1 + case when born.day_of_month > leave.days_in_month then leave.days_in_month
                                else born.day_of_month end as leave_day,
           case when p.age_low >= 50 and p.age_high <= 80 then 'sure' else 'maybe' end as age
    from person p
    join smoking_history s on s.patient_id = p.patient_id
    join calendar born on born.calendar_id = 1 and born.day = p.birth_to_day
    join calendar leave on leave.calendar_id = 1 and leave.month_index = born.month_index + 972 and leave.day_of_month = 1
    where p.age_high >= 50 and p.age_low <= 80 and s.ever_smoked = 1
      and (s.packs_micro is null or s.packs_micro >= 20000000)
),
seen as (
    select m.patient_id, t.from_day, t.to_day, t.fact_table, t.fact_id
    from members m
    join done_test t on t.patient_id = m.patient_id
    join value_set_code v on v.code = t.code and v.value_set = 'low_dose_chest_ct'
    union all
    select m.patient_id, cast(null as bigint) as from_day, d.sent_from_day as to_day, 'communication' as fact_table,
           d.id as fact_id
    from members m
    join said_done d on d.patient_id = m.patient_id
    join value_set_code v on v.code = d.code and v.value_set = 'low_dose_chest_ct'
),
last_seen as (
    select patient_id, max(from_day) as sure_day, max(to_day) as last_day
    from seen
    group by patient_id
),
barred as (
    select m.patient_id, x.weight, x.fact_table, x.fact_id
    from members m
    join screening_stopped x on x.patient_id = m.patient_id
    union all
    select m.patient_id, 4 as weight, 'condition' as fact_table, c.id as fact_id
    from members m
    join known_condition c on c.patient_id = m.patient_id
    join value_set_code v on v.code = c.code and v.value_set = 'lung_cancer'
),
declined as (
    select m.patient_id, n.until_day, n.fact_table, n.fact_id
    from members m
    join declined_lately n on n.patient_id = m.patient_id
    join value_set_code v on v.code = n.code and v.value_set = 'low_dose_chest_ct'
),
booked as (
    select m.patient_id, b.id, b.free_day
    from members m
    join booked_visit b on b.patient_id = m.patient_id
    join value_set_code v on v.code = b.code and v.value_set = 'low_dose_chest_ct'
),
judged as (
    select m.patient_id, t.last_day, t.sure_day, d.until_day, k.free_day, m.last_smoked_day, m.last_id, m.last_day as said_day, m.leave_day,
           case when x.weight = 1 then 'hospice'
                when x.weight = 2 then 'grave'
                when x.weight = 3 then 'frail'
                when x.weight = 4 then 'known'
                when t.sure_day + 365 > a.day then 'met'
                when d.patient_id is not null then 'declined'
                when t.last_day + 365 > a.day then 'report'
                when m.packs_micro is null then 'packs'
                when m.last_smoked_day is null or m.last_smoked_day + 5475 < a.day then 'quit'
                when m.age = 'maybe' then 'birth'
                else 'due' end as verdict
    from members m
    cross join as_of a
    left join last_seen t on t.patient_id = m.patient_id
    left join (select patient_id, min(weight) as weight from barred group by patient_id) x on x.patient_id = m.patient_id
    left join (select patient_id, max(until_day) as until_day from declined group by patient_id) d on d.patient_id = m.patient_id
    left join (select patient_id, min(free_day) as free_day from booked group by patient_id) k
        on k.patient_id = m.patient_id
),
dated as (
    select j.patient_id, j.verdict, j.last_day, j.leave_day,
           case j.verdict when 'met' then j.sure_day + 365
                          when 'declined' then j.until_day
                          else coalesce(j.free_day, j.last_day + 365, j.said_day) end as open_day,
           case j.verdict when 'met' then j.sure_day + 365
                          when 'declined' then j.until_day
                          when 'report' then j.last_day + 365
                          when 'birth' then a.day + 1
                          when 'due' then coalesce(j.free_day, j.last_smoked_day + 5476) end as next_day
    from judged j
    cross join as_of a
),
soonest as (
    select d.patient_id, case when d.next_day < d.leave_day then d.next_day else d.leave_day end as day
    from dated d
),
evidence as (
    select m.patient_id, 'screening:lung' as subject, 'observation' as fact_table, m.last_id as fact_id, 'smoking' as role
    from members m
    union all
    select s.patient_id, 'screening:lung' as subject, s.fact_table, s.fact_id, 'last' as role
    from seen s
    join last_seen l on l.patient_id = s.patient_id
    where s.from_day = l.sure_day or s.to_day = l.last_day
    union all
    select b.patient_id, 'screening:lung' as subject, b.fact_table, b.fact_id, 'exclusion' as role
    from barred b
    union all
    select d.patient_id, 'screening:lung' as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
    union all
    select k.patient_id, 'screening:lung' as subject, 'appointment' as fact_table, k.id as fact_id, 'booked' as role
    from booked k
)
select d.patient_id, 'screening:lung' as subject,
       case d.verdict when 'hospice' then 'EXCLUDED' when 'grave' then 'EXCLUDED' when 'frail' then 'EXCLUDED'
                      when 'known' then 'EXCLUDED' when 'declined' then 'EXCLUDED' when 'met' then 'MET' when 'due' then 'DUE'
                      else 'UNKNOWN' end as status,
       d.open_day as opens_on, d.open_day + 90 as due_on, d.leave_day as lapses_on,
       case when s.day < a.day + 90 then s.day else a.day + 90 end as recheck_on,
       case d.verdict when 'hospice' then 'hospice' when 'grave' then 'grave' when 'frail' then 'frail' when 'known' then 'known'
                      when 'declined' then 'declined' when 'report' then 'report' when 'packs' then 'packs'
                      when 'quit' then 'quit' when 'birth' then 'birth' end as missing,
       d.last_day as say_last_on
from dated d
join soonest s on s.patient_id = d.patient_id
cross join as_of a

/* ---
title: Emergency visits pile up
why: Three visits in two months mean that something outside the emergency room does not work.
kind: risk
question: What keeps bringing {patient} to the emergency room?
reason: "{in_60_days} emergency visits in 60 days, {in_a_year} in 12 months; the last on {last_on}, and {since}."
met: "{in_60_days} emergency visits in 60 days, {in_a_year} in 12 months; the last on {last_on}, called about them or seen since."
excluded:
  hospice: "{patient} is in hospice or palliative care."
next_step: Call, ask what happened each time, and book a visit with the primary clinician.
missing: {day: "The day of one of the emergency visits is not clear enough to count it."}
authority: {name: "Bamboo Health (PatientPing) high utilizer flag: 3 in 60 days; frequent use: 4 in 12 months", edition: "2024",
            url: "https://patientping.helpscoutdocs.com/article/345-patientping-flags", valid_from: 2015-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
needs: [person, encounter, emergency_visit, outpatient_visit, contact_made, hospice_care]
--- */
with
-- one visit a day; a day that is not exact may count. On any day a visit can leave the count, so it is looked at daily
visits as (
    select e.patient_id, e.start_from_day as from_day, e.start_to_day as to_day, min(e.id) as id
    from emergency_visit e
    join person p on p.patient_id = e.patient_id
    group by e.patient_id, e.start_from_day, e.start_to_day
),
counted as (
    select v.patient_id, max(v.from_day) as last_day,
           count(case when v.from_day > a.day - 60 then v.id end) as in_60_days,
           count(case when v.from_day > a.day - 365 then v.id end) as in_a_year,
           count(case when v.to_day > a.day - 60 then v.id end) as perhaps_60,
           count(case when v.to_day > a.day - 365 then v.id end) as perhaps_year
    from visits v
    cross join as_of a
    group by v.patient_id
),
many as (
    select c.patient_id, c.last_day, c.in_60_days, c.in_a_year, c.last_day + 60 as over_day,
           'emergency:' || cast(c.last_day as varchar(20)) as subject,
           case when c.in_60_days >= 3 or c.in_a_year >= 4 then 'many' else 'perhaps' end as amount
    from counted c
    cross join as_of a
    where (c.perhaps_60 >= 3 or c.perhaps_year >= 4) and c.last_day + 60 > a.day
),
-- a call about something else (a result, a bill, papers sent to another office) tells nothing of what happened; a visit
-- told by two sources may be called about in either's words
followed as (
    select m.patient_id, 'encounter' as fact_table, o.id as fact_id
    from many m
    join outpatient_visit o on o.patient_id = m.patient_id and o.start_from_day > m.last_day
    union all
    select m.patient_id, 'communication' as fact_table, c.id as fact_id
    from many m
    join contact_made c on c.patient_id = m.patient_id and c.sent_from_day >= m.last_day
    left join encounter x on x.patient_id = c.patient_id and x.id = c.about_id
    left join emergency_visit e on e.patient_id = x.patient_id and e.id = x.same_as
    where c.about_id is null or e.id is not null
),
judged as (
    select m.patient_id, m.subject, m.last_day, m.over_day, m.in_60_days, m.in_a_year,
           case when h.patient_id is not null then 'EXCLUDED'
                when f.patient_id is not null then 'MET'
                when m.amount = 'many' then 'DUE'
                else 'UNKNOWN' end as status
    from many m
    left join (select distinct patient_id from followed) f on f.patient_id = m.patient_id
    left join (select distinct patient_id from hospice_care) h on h.patient_id = m.patient_id
),
evidence as (
    select m.patient_id, m.subject, 'encounter' as fact_table, v.id as fact_id, 'emergency visit' as role
    from many m
    join visits v on v.patient_id = m.patient_id
    cross join as_of a
    where v.to_day > a.day - 365
    union all
    select m.patient_id, m.subject, f.fact_table, f.fact_id, 'follow-up' as role
    from many m
    join followed f on f.patient_id = m.patient_id
    union all
    select m.patient_id, m.subject, h.fact_table, h.fact_id, 'exclusion' as role
    from many m
    join hospice_care h on h.patient_id = m.patient_id
)
select j.patient_id, j.subject, j.status, j.last_day as opens_on, j.last_day + 7 as due_on, j.over_day as lapses_on,
       a.day + 1 as recheck_on, case when j.status = 'UNKNOWN' then 'day' when j.status = 'EXCLUDED' then 'hospice' end as missing,
       j.in_60_days as say_in_60_days, j.in_a_year as say_in_a_year, j.last_day as say_last_on,
       case when j.status = 'MET' then 'a visit or a call about them since' else 'no visit or call about them since' end as say_since
from judged j
cross join as_of a

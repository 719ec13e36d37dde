/* ---
title: Visit missed or called off, and no new one
why: What the visit was for does not go away; the longer nobody calls, the less likely it is that the person comes back.
kind: gap
question: Is a new visit booked for {patient} instead of {visit} on {visit_on}?
reason: "{visit} on {visit_on} was {how}, and no visit stands in its place."
met: "{visit} on {visit_on} was {how}; another visit took its place."
next_step: Ask what came between, then book a new visit.
missing:
  exact_day: "The day of the missed visit, or of one that may stand in its place, is known only by its month. Ask the office."
excluded:
  declined: "{patient} wants no new visit."
authority: {name: "AHRQ, care coordination; 90 days by the Beforehand founders",
            edition: "1", url: "https://www.ahrq.gov/ncepcr/care/coordination.html", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: Written from the guidance as known; the page was not opened on the day of writing.
folds_into: missed_visits_pattern
step_kind: book
harm: 2
needs: [missed_appointment, appointment, said_no, value_set_code]
--- */
with
missed as (
    select m.patient_id, m.id, m.status, m.code, m.day, m.order_id, m.practitioner_id, m.visit, m.created_from_day
    from missed_appointment m
    cross join as_of a
    where m.day > a.day - 90
),
-- another visit for the same: by its order, its clinician or its kind, made since or held later
instead as (
    select m.patient_id, m.id, v.id as fact_id
    from missed m
    join appointment v on v.patient_id = m.patient_id
    where v.same_as = v.id and v.id <> m.id
      and v.status in ('proposed', 'pending', 'booked', 'waitlist', 'arrived', 'checked-in', 'fulfilled')
      and (v.order_id = m.order_id or v.practitioner_id = m.practitioner_id or v.code = m.code)
      and (v.start_from_day >= m.day or v.created_from_day > m.created_from_day)
),
declined as (
    select m.patient_id, m.id, n.fact_table, n.fact_id
    from missed m
    join said_no n on n.patient_id = m.patient_id and n.about_id in (m.id, m.order_id)
),
judged as (
    select m.patient_id, m.id, m.day, m.visit, m.status as state,
           case when d.id is not null then 'EXCLUDED'
                when i.id is not null then 'MET'
                else 'DUE' end as status
    from missed m
    left join (select distinct patient_id, id from instead) i on i.patient_id = m.patient_id and i.id = m.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = m.patient_id and d.id = m.id
),
evidence as (
    select m.patient_id, 'missed:' || cast(m.id as varchar(20)) as subject, 'appointment' as fact_table,
           m.id as fact_id, 'missed' as role
    from missed m
    union all
    select i.patient_id, 'missed:' || cast(i.id as varchar(20)) as subject, 'appointment' as fact_table, i.fact_id,
           'instead' as role
    from instead i
    union all
    select d.patient_id, 'missed:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'missed:' || cast(j.id as varchar(20)) as subject, j.status,
       case j.state when 'noshow' then j.day + 1 else j.day - 14 end as opens_on, j.day + 7 as due_on,
       j.day + 90 as lapses_on,
       case when j.day < a.day then j.day + 90 else a.day + 90 end as recheck_on,
       case when j.status = 'EXCLUDED' then 'declined' end as missing,
       j.visit as say_visit, j.day as say_visit_on,
       case j.state when 'noshow' then 'missed' else 'called off' end as say_how
from judged j
cross join as_of a

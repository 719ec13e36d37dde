/* ---
title: Social needs not asked about for a year
why: Nobody tells of hunger, a lost home or an unpaid bill unasked; each of them undoes treatment.
kind: gap
question: Has {patient} been asked about food, home, rides and bills?
reason: "In a programme since {since_on}; last asked about social needs: {last_on}."
met: "Social needs were asked about on {last_on}; again a year later."
next_step: Go through the questions with the person, in private and in their language, and say what help there is.
missing:
  start: "Nobody says clearly when the person came into the programme."
  exact_day: "The day of the last questions, or until when the programme lasts, is known only by its month. Ask the programme."
excluded:
  declined: "{patient} did not want to be asked; they are asked again {opens_on}."
  hospice: "{patient} is in hospice care, which goes through these needs itself."
authority: {name: "CMS, Accountable Health Communities screening; yearly and 30 days from the start by the Beforehand founders",
            edition: "2023", url: "https://www.cms.gov/priorities/innovation/innovation-models/ahcm", valid_from: 2017-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: The questions are those of the forms named in the value set; partner violence is left out until safe-contact rules stand.
step_kind: call
harm: 2
folds_into: "screening:yearly"
needs: [care_programme, done_test, answered_question, contact_made, said_no, hospice_care, value_set_code]
--- */
with
members as (
    select c.patient_id, min(c.start_from_day) as since_day, min(c.start_to_day) as sure_day
    from care_programme c
    group by c.patient_id
),
asked as (
    select m.patient_id, t.from_day as day, t.fact_table, t.fact_id
    from members m
    join done_test t on t.patient_id = m.patient_id
    join value_set_code v on v.code = t.code and v.value_set = 'social_screening'
    union all
    select m.patient_id, q.authored_from_day as day,
           'questionnaire_answer' as fact_table, q.id as fact_id
    from members m
    join answered_question q on q.patient_id = m.patient_id
    join value_set_code v on v.code = q.code and v.value_set = 'social_screening'
    union all
    select m.patient_id, c.sent_from_day as day, 'communication' as fact_table, c.id as fact_id
    from members m
    join contact_made c on c.patient_id = m.patient_id
    join value_set_code v on v.code = c.topic and v.value_set = 'social_screening'
),
last_asked as (
    select patient_id, max(day) as last_day
    from asked
    group by patient_id
),
declined as (
    select m.patient_id, n.day, n.fact_table, n.fact_id
    from members m
    join said_no n on n.patient_id = m.patient_id
    join value_set_code v on v.code = n.code and v.value_set = 'social_screening'
    cross join as_of a
    where n.day + 365 > a.day
),
judged as (
    select m.patient_id, m.since_day, m.sure_day as start_day, l.last_day, d.until_day,
           case when h.patient_id is not null then 'hospice'
                when l.last_day + 365 > a.day then 'met'
                when d.patient_id is not null then 'declined'
                when l.last_day is null and m.since_day is null then 'start'
                else 'due' end as verdict
    from members m
    cross join as_of a
    left join last_asked l on l.patient_id = m.patient_id
    left join (select patient_id, max(day) + 365 as until_day from declined group by patient_id) d on d.patient_id = m.patient_id
    left join (select distinct patient_id from hospice_care) h on h.patient_id = m.patient_id
),
dated as (
    select j.patient_id, j.since_day, j.last_day, j.verdict,
           case j.verdict when 'declined' then j.until_day
                          else coalesce(j.last_day + 365, j.start_day) end as open_day,
           case j.verdict when 'met' then j.last_day + 365
                          when 'declined' then j.until_day end as next_day
    from judged j
),
evidence as (
    select c.patient_id, 'screening:social' as subject, c.fact_table, c.fact_id, 'programme' as role
    from care_programme c
    union all
    select s.patient_id, 'screening:social' as subject, s.fact_table, s.fact_id, 'asked' as role
    from asked s
    join last_asked l on l.patient_id = s.patient_id
    where s.day = l.last_day
    union all
    select d.patient_id, 'screening:social' as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
    union all
    select h.patient_id, 'screening:social' as subject, h.fact_table, h.fact_id, 'hospice' as role
    from hospice_care h
)
select d.patient_id, 'screening:social' as subject,
       case d.verdict when 'met' then 'MET' when 'due' then 'DUE' when 'start' then 'UNKNOWN'
                      else 'EXCLUDED' end as status,
       d.open_day as opens_on, d.open_day + 30 as due_on, cast(null as bigint) as lapses_on,
       case when d.next_day < a.day + 90 then d.next_day else a.day + 90 end as recheck_on,
       case d.verdict when 'start' then 'start' when 'declined' then 'declined' when 'hospice' then 'hospice' end as missing,
       d.since_day as say_since_on, d.last_day as say_last_on
from dated d
cross join as_of a

/* ---
title: Change the team does not know of
why: Who does not know cannot act.
kind: gap
question: Do all know of {what}?
reason: "{untold} were not told."
met: "All clinicians of the care team know of {what}."
next_step: Tell them.
missing:
  exact_day: "The day of the change, or of what the team was told, is known only by its month. Ask who made the change."
excluded: {declined: "{patient} does not want them told of {what}."}
authority: {name: "AHRQ Care Coordination Measures Atlas: establish accountability, communicate", edition: "2014",
            url: "https://www.ahrq.gov/ncepcr/care/coordination/atlas.html", valid_from: 2010-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/changes_to_tell.csv
step_kind: call
harm: 2
needs: [person, team_clinician, current_medication, medicine, medicine_name, ingredient_class, final_result,
        homecoming, communication_recipient, contact_made, said_no, concept_words, value_set_code]
--- */
with
teams as (
    select t.patient_id, t.member_id, min(t.id) as id
    from team_clinician t
    join person p on p.patient_id = t.patient_id
    group by t.patient_id, t.member_id
),
-- who ordered it, read it, or treated the person in the stay knows of it
changes as (
    select 'medicine' as kind, m.patient_id, 'told:' || n.subject as subject, m.fact_table, min(m.fact_id) as fact_id, n.name as what,
           min(m.start_day) as day, min(m.prescriber_id) as knower_id
    from current_medication m
    join medicine i on i.code = m.code
    join ingredient_class k on k.ingredient = i.ingredient
    join medicine_name n on n.code = m.code
    where k.class_name in ('doac', 'vitamin_k_antagonist', 'heparin', 'insulin_basal', 'insulin_rapid', 'opioid')
    group by m.patient_id, n.subject, m.fact_table, n.name
    union all
    select 'result' as kind, r.patient_id, 'told:result:' || cast(r.id as varchar(20)) as subject, 'observation' as fact_table, r.id as fact_id,
           coalesce(w.words, 'A result') as what, r.taken_from_day as day, r.performer_id as knower_id
    from final_result r
    left join concept_words w on w.code = r.code
    where r.interpretation in ('HH', 'LL', 'AA')
    union all
    select 'stay' as kind, h.patient_id, 'told:stay:' || cast(h.id as varchar(20)) as subject, 'encounter' as fact_table, h.id as fact_id,
           'The hospital stay' as what, h.end_day as day, cast(null as bigint) as knower_id
    from homecoming h
),
fresh as (
    select f.rule_id, c.patient_id, c.subject, c.fact_table, c.fact_id, c.what, c.day, c.knower_id
    from changes c
    join family f on f.kind_of_change = c.kind
    cross join as_of a
    where c.day > a.day - 14 and c.day <= a.day
),
-- each clinician and whether they were told
heard as (
    select c.rule_id, c.patient_id, c.subject, t.member_id, t.id as member_row, min(m.communication_id) as told_id
    from fresh c
    join teams t on t.patient_id = c.patient_id
    left join communication_recipient m on m.patient_id = c.patient_id and m.member_id = t.member_id and m.about_id = c.fact_id
        and m.status = 'completed' and m.same_as = m.id
    where c.knower_id is null or c.knower_id <> t.member_id
    group by c.rule_id, c.patient_id, c.subject, t.member_id, t.id
),
counted as (
    select rule_id, patient_id, subject, count(case when told_id is null then member_id end) as untold
    from heard
    group by rule_id, patient_id, subject
),
settled as (
    select c.rule_id, c.patient_id, c.subject, max(k.id) as fact_id
    from fresh c
    join contact_made k on k.patient_id = c.patient_id and k.sent_from_day >= c.day
    join value_set_code v on v.code = k.topic and v.value_set = 'work_team_told'
    where coalesce(k.about_id, c.fact_id) = c.fact_id
    group by c.rule_id, c.patient_id, c.subject
),
declined as (
    select c.rule_id, c.patient_id, c.subject, max(n.fact_id) as fact_id
    from fresh c
    join said_no n on n.patient_id = c.patient_id and n.about_id = c.fact_id
    where n.fact_table = 'communication'
    group by c.rule_id, c.patient_id, c.subject
),
evidence as (
    select c.rule_id, c.patient_id, c.subject, c.fact_table, c.fact_id, 'change' as role
    from fresh c
    union all
    select h.rule_id, h.patient_id, h.subject, 'care_team_member' as fact_table, h.member_row as fact_id, 'not told' as role
    from heard h
    where h.told_id is null
    union all
    select h.rule_id, h.patient_id, h.subject, 'communication' as fact_table, h.told_id as fact_id, 'told' as role
    from heard h
    where h.told_id is not null
    union all
    select s.rule_id, s.patient_id, s.subject, 'communication' as fact_table, s.fact_id, 'settled' as role
    from settled s
    union all
    select d.rule_id, d.patient_id, d.subject, 'communication' as fact_table, d.fact_id, 'declined' as role
    from declined d
)
select c.rule_id, c.patient_id, c.subject,
       case when d.fact_id is not null then 'EXCLUDED' when n.untold = 0 or s.fact_id is not null then 'MET' else 'DUE' end as status,
       c.day as opens_on, c.day + 3 as due_on, c.day + 14 as lapses_on, c.day + 14 as recheck_on,
       case when d.fact_id is not null then 'declined' end as missing, c.what as say_what, c.day as say_since_on, n.untold as say_untold
from counted n
join fresh c on c.rule_id = n.rule_id and c.patient_id = n.patient_id and c.subject = n.subject
left join settled s on s.rule_id = n.rule_id and s.patient_id = n.patient_id and s.subject = n.subject
left join declined d on d.rule_id = n.rule_id and d.patient_id = n.patient_id and d.subject = n.subject

/* ---
title: Care team without a lead
why: "Where everybody is responsible, nobody is: one person holds the threads together."
kind: gap
question: Who leads {patient}'s care?
reason: "{clinicians} clinicians care for the person together, and none of them is named as the lead."
met: "Who leads is written down or was settled."
next_step: Ask the person and the clinicians who leads, and have it written down.
missing:
  role: "The roles in the care team are not coded, or say no more than that they are members; so nobody can tell who leads."
  exact_day: "Until when somebody belongs to the team, or of a talk about the lead, is known only by its month. Ask the team."
authority: {name: "AHRQ Care Coordination Measures Atlas: establish accountability, communicate", edition: "2014",
            url: "https://www.ahrq.gov/ncepcr/care/coordination/atlas.html", valid_from: 2010-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 1
needs: [person, team_clinician, contact_made, value_set_code]
--- */
with
teams as (
    select t.patient_id, count(distinct t.member_id) as clinicians,
           count(distinct case when t.role is null or w.code is not null then t.member_id end) as unsaid,
           count(v.code) as leads
    from team_clinician t
    join person p on p.patient_id = t.patient_id
    left join value_set_code v on v.code = t.role and v.value_set = 'team_lead'
    left join value_set_code w on w.code = t.role and w.value_set = 'team_role_without_task'
    group by t.patient_id
    having count(distinct t.member_id) > 1
),
settled as (
    select c.patient_id, max(c.id) as fact_id
    from contact_made c
    join value_set_code v on v.code = c.topic and v.value_set = 'work_team_settled'
    cross join as_of a
    where c.sent_from_day > a.day - 365
    group by c.patient_id
),
evidence as (
    select t.patient_id, 'team:lead' as subject, 'care_team_member' as fact_table, m.id as fact_id, 'member' as role
    from teams t
    join team_clinician m on m.patient_id = t.patient_id
    union all
    select t.patient_id, 'team:lead' as subject, 'communication' as fact_table, s.fact_id, 'settled' as role
    from teams t
    join settled s on s.patient_id = t.patient_id
)
select t.patient_id, 'team:lead' as subject,
       case when t.leads > 0 or s.fact_id is not null then 'MET' when t.unsaid > 0 then 'UNKNOWN' else 'DUE' end as status,
       cast(null as bigint) as opens_on, cast(null as bigint) as due_on, cast(null as bigint) as lapses_on, a.day + 90 as recheck_on,
       case when t.leads = 0 and s.fact_id is null and t.unsaid > 0 then 'role' end as missing, t.clinicians as say_clinicians
from teams t
cross join as_of a
left join settled s on s.patient_id = t.patient_id

/* ---
title: No primary care clinician
why: After an emergency visit or a stay somebody must look at the whole; without a primary care clinician nobody does.
kind: gap
question: Who is {patient}'s primary care clinician?
reason: "After the hospital visit of {visit_on} no primary care clinician is on record."
met: "A primary care clinician is on record, or it was settled who it is."
next_step: Ask whom the person sees; if nobody, help find a practice that takes new patients.
missing:
  role: "There is a care team, but the roles in it are not coded."
  exact_day: "The day of the hospital visit, or of a visit since, is known only by its month. Ask the person."
authority: {name: "AHRQ Care Coordination Measures Atlas: establish accountability, communicate", edition: "2014",
            url: "https://www.ahrq.gov/ncepcr/care/coordination/atlas.html", valid_from: 2010-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 3
needs: [person, patient_record, team_clinician, emergency_visit, finished_stay, contact_made, value_set_code]
--- */
with
hospital as (
    select patient_id, id, start_from_day as day from emergency_visit
    union all
    select patient_id, id, end_from_day as day from finished_stay
),
visited as (
    select h.patient_id, max(h.day) as day, max(h.id) as visit_id
    from hospital h
    join person p on p.patient_id = h.patient_id
    cross join as_of a
    where h.day > a.day - 90 and p.age_low >= 18
    group by h.patient_id
),
known as (
    select v.patient_id, 'patient_record' as fact_table, r.id as fact_id
    from visited v
    join patient_record r on r.patient_id = v.patient_id
    where r.general_practitioner_id is not null and coalesce(r.is_active, 1) = 1
    union all
    select v.patient_id, 'care_team_member' as fact_table, t.id as fact_id
    from visited v
    join team_clinician t on t.patient_id = v.patient_id
    join value_set_code k on k.code = t.role and k.value_set = 'team_primary_care'
    union all
    select v.patient_id, 'communication' as fact_table, c.id as fact_id
    from visited v
    join contact_made c on c.patient_id = v.patient_id and c.sent_from_day >= v.day
    join value_set_code k on k.code = c.topic and k.value_set = 'work_team_settled'
),
unsaid as (
    select distinct t.patient_id
    from team_clinician t
    where t.role is null
),
judged as (
    select v.patient_id, v.day, v.visit_id, case when k.patient_id is not null then 'met' when u.patient_id is not null then 'role' else 'due' end as verdict
    from visited v
    left join (select distinct patient_id from known) k on k.patient_id = v.patient_id
    left join unsaid u on u.patient_id = v.patient_id
),
evidence as (
    select j.patient_id, 'team:primary-care' as subject, 'encounter' as fact_table, j.visit_id as fact_id, 'visit' as role
    from judged j
    union all
    select k.patient_id, 'team:primary-care' as subject, k.fact_table, k.fact_id, 'primary care' as role
    from known k
)
select j.patient_id, 'team:primary-care' as subject,
       case j.verdict when 'met' then 'MET' when 'role' then 'UNKNOWN' else 'DUE' end as status,
       j.day as opens_on, j.day + 14 as due_on, j.day + 90 as lapses_on, j.day + 90 as recheck_on,
       case when j.verdict = 'role' then 'role' end as missing, j.day as say_visit_on
from judged j

/* ---
title: Specialist seen and no report back
why: What the specialist found and advised is lost to everybody else until the report comes.
kind: gap
question: Has a report come back from {patient}'s referral, seen on {seen_on}?
reason: "Referred on {ordered_on}{to}, seen on {seen_on}; no report is here."
met: "Referred on {ordered_on}{to}, seen on {seen_on}; the report is here."
next_step: Ask the specialist's office for the report.
missing:
  which: "A consultation note came after the visit, but nobody says that it answers this referral."
  exact_day: "The day of the referral, of the visit or of a note is known only by its month. Ask the office for the day."
excluded: {declined: "{patient} does not want this referral followed up."}
authority: {name: "CMS50 Closing the Referral Loop; 30 days by the Beforehand founders", edition: "2024",
            url: "https://ecqi.healthit.gov/ecqm/ec/2024/cms0050v12", valid_from: 2015-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: result
harm: 3
needs: [person, placed_order, appointment, outpatient_visit, kept_appointment, task, final_report, document, said_no,
        value_set_code]
--- */
with
referrals as (
    select r.patient_id, r.id, r.authored_from_day, r.performer_name
    from placed_order r
    join person p on p.patient_id = r.patient_id
    where r.status in ('active', 'completed')
      and (r.code in (select code from value_set_code where value_set = 'referral')
           or r.category in (select code from value_set_code where value_set = 'referral_category'))
),
-- the visit for it: an appointment kept, a visit that an appointment led to, or the office's word
visits as (
    select r.patient_id, r.id, k.start_from_day as day, 'appointment' as fact_table, k.id as fact_id
    from referrals r
    join kept_appointment k on k.patient_id = r.patient_id and k.order_id = r.id
    union all
    select r.patient_id, r.id, e.start_from_day as day, 'encounter' as fact_table, e.id as fact_id
    from referrals r
    join appointment b on b.patient_id = r.patient_id and b.order_id = r.id
    join outpatient_visit e on e.patient_id = r.patient_id and e.appointment_id = b.id
    union all
    select r.patient_id, r.id, t.authored_from_day as day, 'task' as fact_table, t.id as fact_id
    from referrals r
    join task t on t.patient_id = r.patient_id and t.focus_id = r.id
    join value_set_code v on v.code = t.code and v.value_set = 'work_referral_status'
    cross join as_of a
    where t.status = 'completed' and t.same_as = t.id and t.authored_from_day <= a.day
),
seen as (
    select patient_id, id, min(day) as seen_day
    from visits
    group by patient_id, id
),
reports as (
    select s.patient_id, s.id, 'diagnostic_report' as fact_table, d.id as fact_id
    from seen s
    join final_report d on d.patient_id = s.patient_id and d.order_id = s.id
    union all
    select v.patient_id, v.id, 'document_reference' as fact_table, n.id as fact_id
    from visits v
    join document n on n.patient_id = v.patient_id and n.encounter_id = v.fact_id
    join value_set_code c on c.code = n.code and c.value_set = 'consult_note'
    union all
    select s.patient_id, s.id, 'task' as fact_table, t.id as fact_id
    from seen s
    join task t on t.patient_id = s.patient_id and t.focus_id = s.id
    join value_set_code v on v.code = t.code and v.value_set in ('work_result_acknowledged', 'work_no_follow_up')
    cross join as_of a
    where t.status = 'completed' and t.same_as = t.id and t.authored_from_day <= a.day
),
loose as (
    select s.patient_id, s.id, n.id as fact_id
    from seen s
    join document n on n.patient_id = s.patient_id and n.encounter_id is null and n.written_from_day >= s.seen_day
    join value_set_code c on c.code = n.code and c.value_set = 'consult_note'
),
declined as (
    select s.patient_id, s.id, n.fact_table, n.fact_id
    from seen s
    join said_no n on n.patient_id = s.patient_id and n.about_id = s.id
),
judged as (
    select s.patient_id, s.id, s.seen_day, s.seen_day + 30 as due_day, r.authored_from_day, r.performer_name,
           case when d.id is not null then 'EXCLUDED'
                when f.id is not null then 'MET'
                when l.id is not null then 'UNKNOWN'
                else 'DUE' end as status
    from seen s
    join referrals r on r.patient_id = s.patient_id and r.id = s.id
    left join (select distinct patient_id, id from reports) f on f.patient_id = s.patient_id and f.id = s.id
    left join (select distinct patient_id, id from loose) l on l.patient_id = s.patient_id and l.id = s.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = s.patient_id and d.id = s.id
),
evidence as (
    select s.patient_id, 'order:' || cast(s.id as varchar(20)) as subject, 'service_request' as fact_table,
           s.id as fact_id, 'referral' as role
    from seen s
    union all
    select v.patient_id, 'order:' || cast(v.id as varchar(20)) as subject, v.fact_table, v.fact_id, 'visit' as role
    from visits v
    union all
    select f.patient_id, 'order:' || cast(f.id as varchar(20)) as subject, f.fact_table, f.fact_id, 'report' as role
    from reports f
    union all
    select l.patient_id, 'order:' || cast(l.id as varchar(20)) as subject, 'document_reference' as fact_table,
           l.fact_id, 'perhaps the report' as role
    from loose l
    union all
    select d.patient_id, 'order:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'order:' || cast(j.id as varchar(20)) as subject, j.status, j.due_day as opens_on,
       j.due_day as due_on, cast(null as bigint) as lapses_on, a.day + 90 as recheck_on,
       case j.status when 'UNKNOWN' then 'which' when 'EXCLUDED' then 'declined' end as missing,
       j.authored_from_day as say_ordered_on, j.seen_day as say_seen_on,
       coalesce(' to ' || j.performer_name, '') as say_to
from judged j
cross join as_of a

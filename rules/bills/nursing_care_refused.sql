/* ---
title: Nursing facility refused after observation
why: Days under observation do not count towards the three inpatient days Medicare asks for before a nursing facility; the status can be appealed.
kind: conflict
question: Was {patient} only under observation before the nursing facility?
reason: "The plan left {share_cents} of the nursing facility on {service_on} to the person; the hospital stay that ended on {ended_on} was under observation."
met: "Somebody asked about it."
next_step: Ask for the notice of observation, and appeal the hospital status with Medicare.
missing:
  exact_day: "The day of the care in the facility, or the day the hospital stay ended, is known only by its month. Ask the facility."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "42 CFR 409.30 (three-day stay); 42 CFR 405.1210 to 405.1212 (appeal of a changed status); own check B15", edition: "2024",
            url: "https://www.medicare.gov/coverage/skilled-nursing-facility-snf-care", valid_from: 2025-02-14}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 3
needs: [charged_item, case_fact, case_settled, encounter, statement_plan, value_set_code]
--- */
with
watched as (
    select e.patient_id, e.id, e.end_from_day
    from encounter e
    cross join as_of a
    where e.class_code = 'OBSENC' and e.status = 'finished' and e.same_as = e.id and e.end_from_day <= a.day
),
refused as (
    select c.patient_id, c.subject, c.line_id, c.share_cents, w.id as stay_id, w.end_from_day
    from charged_item c
    join value_set_code v on v.code = c.place and v.value_set = 'place_skilled_nursing'
    join watched w on w.patient_id = c.patient_id and w.end_from_day <= c.service_to_day
        and w.end_from_day >= c.service_to_day - 30
    where c.noncovered_cents > 0
      and exists (select 1 from statement_plan s
                  join value_set_code k on k.code = s.code and k.value_set = 'plan_any_medicare'
                  where s.patient_id = c.patient_id and s.statement_id = c.statement_id)
),
lines as (
    select patient_id, subject, line_id, min(share_cents) as share_cents, max(end_from_day) as ended_day
    from refused
    group by patient_id, subject, line_id
),
found as (
    select patient_id, subject, min(line_id) as line_id, sum(share_cents) as share_cents, max(ended_day) as ended_day
    from lines
    group by patient_id, subject
),
evidence as (
    select l.patient_id, l.subject, 'benefit_item' as fact_table, l.line_id as fact_id, 'line' as role
    from lines l
    union all
    select r.patient_id, r.subject, 'encounter' as fact_table, r.stay_id as fact_id, 'observation' as role
    from refused r
    union all
    select f.patient_id, f.subject, f.fact_table, f.fact_id, f.role
    from found g
    join case_fact f on f.patient_id = g.patient_id and f.subject = g.subject
)
select f.patient_id, f.subject,
       case when s.is_declined = 1 then 'EXCLUDED' when s.is_checked = 1 then 'MET' else 'DUE' end as status,
       c.open_day as opens_on, c.due_day as due_on, c.lapse_day as lapses_on, c.next_day as recheck_on,
       case when s.is_declined = 1 then 'declined' end as missing,
       c.provider as say_who, c.service_to_day as say_service_on, f.share_cents as say_share_cents,
       f.ended_day as say_ended_on
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject

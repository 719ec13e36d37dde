/* ---
title: Refill asked for, and nothing came
why: Requests get lost between portal, pharmacy and prescriber, and each waits for the other.
kind: deadline
question: What became of the refill of {medicine} that {patient} asked for?
reason: "A refill of {medicine} was asked for on {asked_on}; no fill has come since. The supply ends {runs_out_on}."
met: "A refill of {medicine} was asked for on {asked_on}; {met_by}."
next_step: Ask the pharmacy, then the prescriber, where the request lies, and stay on it until a fill is confirmed
excluded:
  refused: "The request for {medicine} of {asked_on} was turned down or taken back."
authority:
  name: Beforehand, after public reports of refill requests lost without notice (va.gov-team 116701); three business days are a project choice
  edition: "2026-11-22, draft"
  url: https://github.com/department-of-veterans-affairs/va.gov-team/issues/116701
  valid_from: 2020-01-01
notes: The report was read in a summary, not on its page.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: refill
harm: 4
needs: [medicine_supply, supply_fact, person, task, calendar, value_set_code, as_of]
--- */
-- The newest request since the last fill. Three business days to be filled; a fill
-- on that day or later takes the row away. A request that was
-- rejected, failed or cancelled: EXCLUDED, the run-out rule goes on.
with request as (
    select s.patient_id, s.subject, s.name, s.last_fill_id, s.runs_out_on, t.id, t.status, t.authored_from_day as asked_on,
           row_number() over (partition by s.patient_id, s.subject
                              order by t.authored_from_day desc nulls last, t.id desc nulls last) as place
    from medicine_supply s
    join supply_fact b on b.patient_id = s.patient_id and b.subject = s.subject
    join task t on t.patient_id = s.patient_id and t.focus_id = b.copy_id
    join value_set_code v on v.code = t.code and v.value_set = 'work_refill_request'
    cross join as_of a
    where t.status in ('requested', 'received', 'accepted', 'in-progress', 'ready', 'completed', 'rejected', 'failed', 'cancelled')
      and t.authored_from_day between s.last_from_day + 1 and a.day
),
timed as (
    select r.patient_id, r.subject, r.name, r.last_fill_id, r.runs_out_on, r.id, r.asked_on, late.day as opens_on,
           case when r.status in ('rejected', 'failed', 'cancelled') then 1 else 0 end as is_refused
    from request r
    join person p on p.patient_id = r.patient_id
    join calendar asked on asked.calendar_id = p.calendar_id and asked.day = r.asked_on
    join calendar late on late.calendar_id = p.calendar_id and late.business_index = asked.business_index + 3
                      and late.is_business = 1
    where r.place = 1
),
evidence as (
    select patient_id, subject, 'task' as fact_table, id as fact_id, 'request' as role from timed
    union all
    select patient_id, subject, 'medication_dispense', last_fill_id, 'last fill' from timed
)
select t.patient_id, t.subject,
       case when t.is_refused = 1 then 'EXCLUDED'
            when t.opens_on <= a.day then 'DUE'
            else 'MET' end as status,
       t.opens_on,
       t.opens_on + 1 as due_on,
       cast(null as integer) as lapses_on,
       case when t.opens_on > a.day then t.opens_on else a.day + 90 end as recheck_on,
       case when t.is_refused = 1 then 'refused' end as missing,
       t.name as say_medicine,
       t.asked_on as say_asked_on,
       t.runs_out_on as say_runs_out_on,
       'three business days are not over yet' as say_met_by
from timed t
cross join as_of a

/* ---
title: Refill opened in the portal, but not asked for
why: Many people believe that opening the page ordered the refill. A blood thinner missed that way has ended in a stroke.
kind: deadline
question: Does {patient} know that no refill of {medicine} was ordered?
reason: "{medicine} was opened in the portal on {viewed_on}, and no refill was asked for since. The supply ends {runs_out_on}."
met: "{medicine} was opened in the portal on {viewed_on}; {met_by}."
next_step: Call, say that nothing was ordered, and order the refill together
excluded:
  declined: "{patient} does not want {medicine} refilled."
authority:
  name: Beforehand, after a public report to the US Department of Veterans Affairs of a refill page that was opened and not used (va.gov-team 123878); the days are a project choice
  edition: "2026-11-22, draft"
  url: https://github.com/department-of-veterans-affairs/va.gov-team/issues/123878
  valid_from: 2020-01-01
notes: The report was read in a summary, not on its page.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: refill
harm: 3
needs: [medicine_supply, supply_fact, contact_made, contact_tried, task, value_set_code, as_of]
--- */
-- A second warning beside the one that the supply ends: the page was opened since the last fill and nothing was asked
-- for since the look. Opens the day after the look, but not before the last two weeks of the supply. A request on or
-- after the day of the look makes it MET; a new fill takes it away.
with look as (
    select s.patient_id, s.subject, s.name, s.last_fill_id, s.runs_out_on, c.id, c.sent_from_day as viewed_on,
           c.sent_from_day + 1 as day_after, s.runs_out_on - 14 as two_weeks_before,
           row_number() over (partition by s.patient_id, s.subject
                              order by c.sent_from_day desc nulls last, c.id desc nulls last) as place
    from medicine_supply s
    join supply_fact b on b.patient_id = s.patient_id and b.subject = s.subject
    join contact_made c on c.patient_id = s.patient_id and c.about_id = b.copy_id
    join value_set_code v on v.code = c.code and v.value_set = 'work_refill_viewed'
    where c.sent_from_day >= s.last_from_day and s.last_from_day = s.last_to_day and s.runs_out_on is not null
),
viewed as (
    select patient_id, subject, name, last_fill_id, runs_out_on, id, viewed_on,
           case when day_after > two_weeks_before then day_after else two_weeks_before end as opens_on
    from look
    where place = 1
),
asked as (
    select w.patient_id, w.subject, max(t.id) as id
    from viewed w
    join supply_fact b on b.patient_id = w.patient_id and b.subject = w.subject
    join task t on t.patient_id = w.patient_id and t.focus_id = b.copy_id
    join value_set_code v on v.code = t.code and v.value_set = 'work_refill_request'
    cross join as_of a
    where t.status in ('requested', 'received', 'accepted', 'in-progress', 'ready')
      and t.authored_from_day between w.viewed_on and a.day
    group by w.patient_id, w.subject
),
refused as (
    select w.patient_id, w.subject, max(c.id) as id
    from viewed w
    join supply_fact b on b.patient_id = w.patient_id and b.subject = w.subject
    join contact_tried c on c.patient_id = w.patient_id and c.about_id = b.copy_id
    join value_set_code v on v.code = c.status_reason and v.value_set = 'work_declined'
    where c.sent_from_day >= w.viewed_on
    group by w.patient_id, w.subject
),
evidence as (
    select patient_id, subject, 'communication' as fact_table, id as fact_id, 'opened in the portal' as role from viewed
    union all
    select patient_id, subject, 'medication_dispense', last_fill_id, 'last fill' from viewed
    union all
    select patient_id, subject, 'task', id, 'request' from asked
    union all
    select patient_id, subject, 'communication', id, 'refusal' from refused
)
select w.patient_id, w.subject,
       case when d.id is not null then 'EXCLUDED'
            when k.id is not null then 'MET'
            when a.day < w.opens_on then 'MET'
            else 'DUE' end as status,
       w.opens_on,
       w.opens_on + 1 as due_on,
       cast(null as integer) as lapses_on,
       case when w.opens_on between a.day + 1 and a.day + 89 then w.opens_on else a.day + 90 end as recheck_on,
       case when d.id is not null then 'declined' end as missing,
       w.name as say_medicine,
       w.viewed_on as say_viewed_on,
       w.runs_out_on as say_runs_out_on,
       case when k.id is not null then 'a refill was asked for since' else 'enough is in hand for now' end as say_met_by
from viewed w
left join asked k on k.patient_id = w.patient_id and k.subject = w.subject
left join refused d on d.patient_id = w.patient_id and d.subject = w.subject
cross join as_of a

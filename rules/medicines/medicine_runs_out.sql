/* ---
title: Medicine runs out soon
why: A gap in a medicine taken every day can undo its effect; in a blood thinner it can cause a stroke.
kind: deadline
question: Did {patient} get {medicine} refilled?
reason: "{medicine} runs out {runs_out_on}. Last fill {last_fill_on}; refills left: {refills_left}. {asked}"
next_step: "{step}"
met: "{medicine} lasts until {runs_out_on}. Last fill {last_fill_on}; refills left: {refills_left}."
excluded:
  declined: "{patient} does not want {medicine} refilled; it lasts until {runs_out_on}."
missing:
  days_supply: No source says how many days the last fill is meant to last.
  fill_day: The day of the last fill is not known exactly.
authority:
  name: Pharmacy Quality Alliance, Proportion of Days Covered (supply from fills, overlap shifted forward; warning days are a project choice)
  edition: "2024"
  url: https://www.pqaalliance.org/
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: refill
harm: 4
needs: [medicine_supply, supply_fact, task, contact_made, contact_tried, value_set_code, as_of]
--- */
-- Supply is counted from fills, not from orders: every fill adds its days to what was left of the one before.
-- Seven days of warning; fourteen when the last fill came by mail. Creams, medicines taken only when needed and
-- short courses (one fill of less than 28 days, no refills) are left alone. Looking at a refill page is not a fill,
-- and a refill that was asked for is not one either: it only rests for two days.
with asked as (
    select b.patient_id, b.subject, max(t.authored_from_day) as asked_on
    from medicine_supply l
    join supply_fact b on b.patient_id = l.patient_id and b.subject = l.subject
    join task t on t.patient_id = b.patient_id and t.focus_id = b.copy_id
    join value_set_code v on v.code = t.code and v.value_set = 'work_refill_request'
    cross join as_of a
    where t.status in ('requested', 'received', 'accepted', 'in-progress', 'ready')
      and t.authored_from_day between l.last_from_day and a.day
    group by b.patient_id, b.subject
),
-- somebody looked at it in a portal since the last fill
viewed as (
    select b.patient_id, b.subject, max(c.id) as id
    from medicine_supply l
    join supply_fact b on b.patient_id = l.patient_id and b.subject = l.subject
    join contact_made c on c.patient_id = b.patient_id and c.about_id = b.copy_id
    join value_set_code v on v.code = c.code and v.value_set = 'work_refill_viewed'
    where c.sent_from_day >= l.last_from_day
    group by b.patient_id, b.subject
),
refused as (
    select b.patient_id, b.subject, max(c.id) as id
    from medicine_supply l
    join supply_fact b on b.patient_id = l.patient_id and b.subject = l.subject
    join contact_tried c on c.patient_id = b.patient_id and c.about_id = b.copy_id
    join value_set_code v on v.code = c.status_reason and v.value_set = 'work_declined'
    where c.sent_from_day >= l.last_from_day
    group by b.patient_id, b.subject
),
ongoing as (
    select x.patient_id, x.subject, x.name, x.id, x.valid_until_to_day, x.last_fill_id as fill_id,
           x.last_from_day as filled_from_day, x.last_days as days, x.refills_left, x.runs_out_on,
           case when x.last_from_day = x.last_to_day then 1 else 0 end as is_exact,
           x.runs_out_on - case when x.is_by_mail = 1 then 14 else 7 end as warn_on,
           k.asked_on + 2 as rests_until, k.asked_on, d.id as refusal_id, w.id as viewed_id
    from medicine_supply x
    left join asked k on k.patient_id = x.patient_id and k.subject = x.subject
    left join viewed w on w.patient_id = x.patient_id and w.subject = x.subject
    left join refused d on d.patient_id = x.patient_id and d.subject = x.subject
),
change as (
    select patient_id, subject, warn_on as day from ongoing
    union all
    select patient_id, subject, rests_until from ongoing
    union all
    select patient_id, subject, valid_until_to_day + 1 from ongoing
    union all
    select o.patient_id, o.subject, a.day + 90 from ongoing o cross join as_of a
),
next_change as (
    select c.patient_id, c.subject, min(c.day) as day
    from change c
    cross join as_of a
    where c.day > a.day
    group by c.patient_id, c.subject
),
evidence as (
    select patient_id, subject, 'medication_dispense' as fact_table, fill_id as fact_id, 'last fill' as role from ongoing
    union all
    select patient_id, subject, 'medication_request', id, 'prescription' from ongoing
    union all
    select patient_id, subject, 'communication', refusal_id, 'refusal' from ongoing where refusal_id is not null
    union all
    select patient_id, subject, 'communication', viewed_id, 'opened in the portal' from ongoing where viewed_id is not null
)
select o.patient_id, o.subject,
       case when o.refusal_id is not null then 'EXCLUDED'
            when o.is_exact = 0 or o.days is null then 'UNKNOWN'
            when a.day >= o.warn_on then 'DUE'
            else 'MET' end as status,
       case when o.is_exact = 0 or o.days is null then null
            when o.rests_until > o.warn_on then o.rests_until
            else o.warn_on end as opens_on,
       case when o.is_exact = 1 and o.days is not null then o.runs_out_on end as due_on,
       cast(null as integer) as lapses_on,
       c.day as recheck_on,
       case when o.refusal_id is not null then 'declined'
            when o.is_exact = 0 then 'fill_day'
            when o.days is null then 'days_supply' end as missing,
       o.name as say_medicine,
       o.runs_out_on as say_runs_out_on,
       o.filled_from_day as say_last_fill_on,
       case when o.refills_left < 1 then 'none' else coalesce(cast(o.refills_left as varchar(20)), 'not known') end as say_refills_left,
       case when o.asked_on is not null then 'A refill was asked for; no fill has come since.'
            when o.viewed_id is not null then 'It was opened in the portal; no refill was asked for.'
            else '' end as say_asked,
       case when o.refills_left < 1 then 'Ask the prescriber for a renewal: no refills are left'
            when o.asked_on is not null then 'Ask the pharmacy what became of the refill'
            else 'Call the pharmacy for the refill' end as say_step
from ongoing o
join next_change c on c.patient_id = o.patient_id and c.subject = o.subject
cross join as_of a

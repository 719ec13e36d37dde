/* ---
title: Medicines run out on scattered days
why: Every trip to the pharmacy is a chance to miss one; many pharmacies fill everything on one day when asked.
kind: gap
question: Would {patient} like all medicines filled on one day?
reason: "{medicines} medicines for daily use are fetched on {days} different days; the next run out between {first_on} and {last_on}."
met: "{medicines} medicines for daily use are fetched close together."
next_step: Ask the pharmacy to bring the fills to one day (medication synchronization)
excluded:
  declined: "{patient} prefers to fetch the medicines on different days."
authority:
  name: Beforehand (project choice), medication synchronization as pharmacies offer it
  edition: "2026-11-22, draft"
  url: https://www.cms.gov/medicare/coverage/prescription-drug-coverage
  valid_from: 2020-01-01
notes: No page was opened while this was written.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: refill
harm: 1
needs: [medicine_supply, supply_fact, contact_tried, value_set_code, as_of]
--- */
-- Medicines whose last fill lasts 28 to 34 days, fetched on exact days and still in hand, or out for less than a week.
-- Scattered: four or more, on four or more different days. One row a person, quiet: nobody is harmed by it today.
with monthly as (
    select s.patient_id, s.subject, s.id, s.last_fill_id, s.last_from_day, s.runs_out_on
    from medicine_supply s
    cross join as_of a
    where s.last_days between 28 and 34 and s.last_from_day = s.last_to_day and s.runs_out_on > a.day - 7
),
counted as (
    select patient_id, count(*) as medicines, count(distinct last_from_day) as days, max(last_from_day) as last_fill_on,
           min(runs_out_on) as first_on, max(runs_out_on) as last_on
    from monthly
    group by patient_id
    having count(*) > 3
),
refused as (
    select c.patient_id, max(t.id) as id
    from counted c
    join monthly m on m.patient_id = c.patient_id
    join supply_fact x on x.patient_id = m.patient_id and x.subject = m.subject
    join contact_tried t on t.patient_id = c.patient_id and t.about_id = x.copy_id
    join value_set_code v on v.code = t.status_reason and v.value_set = 'work_declined'
    cross join as_of a
    where t.sent_from_day > a.day - 365
    group by c.patient_id
),
turn as (
    select c.patient_id, min(m.runs_out_on) + 7 as changes_on, a.day + 90 as horizon
    from counted c
    join monthly m on m.patient_id = c.patient_id
    cross join as_of a
    group by c.patient_id, a.day
),
evidence as (
    select m.patient_id, 'medicines:step' as subject, 'medication_dispense' as fact_table, m.last_fill_id as fact_id,
           'last fill' as role
    from monthly m
    union all
    select patient_id, 'medicines:step', 'communication', id, 'refusal' from refused
)
select c.patient_id, 'medicines:step' as subject,
       case when d.id is not null then 'EXCLUDED'
            when c.days > 3 then 'DUE'
            else 'MET' end as status,
       c.last_fill_on as opens_on,
       c.last_fill_on + 60 as due_on,
       cast(null as integer) as lapses_on,
       case when h.changes_on < h.horizon then h.changes_on else h.horizon end as recheck_on,
       case when d.id is not null then 'declined' end as missing,
       c.medicines as say_medicines,
       c.days as say_days,
       c.first_on as say_first_on,
       c.last_on as say_last_on
from counted c
join turn h on h.patient_id = c.patient_id
left join refused d on d.patient_id = c.patient_id

/* ---
title: Prescription has no refill left
why: A refill is a phone call; a new prescription often needs a visit, and that takes weeks to get.
kind: deadline
question: Who renews {patient}'s prescription for {medicine} before {runs_out_on}?
reason: "{medicine} lasts until {runs_out_on}, and {why_not}. {booked}"
met: "{medicine} lasts until {runs_out_on}, and {why_not}. {booked}"
next_step: Ask {prescriber} for a new prescription, and book a visit if one is needed for it
excluded:
  asked: "A new prescription for {medicine} was asked for on {asked_on}; it lasts until {runs_out_on}."
  declined: "{patient} does not want {medicine} any more; it lasts until {runs_out_on}."
authority:
  name: Beforehand, three weeks to get a visit with the prescriber (project choice); no refill beyond those on the prescription, 21 CFR 1306.22 and state pharmacy law
  edition: "2026-11-22, draft"
  url: https://www.ecfr.gov/current/title-21/chapter-II/part-1306
  valid_from: 2020-01-01
notes: The regulation was not opened while this was written; it concerns controlled medicines, state law the others.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 3
needs: [medicine_supply, medicine, controlled_ingredient, supply_fact, future_appointment, task, contact_tried, value_set_code, as_of]
--- */
-- The supply in hand is the last one: no refill is left, or the prescription ends before the next fill is due. Opens
-- three weeks before the supply ends, and should be settled one week before. A visit with the prescriber that is booked
-- in time makes it MET: that visit is then what the medicine hangs on (of several medicines, the first to run out). A request rests for three days.
-- Medicines of schedule 2 have a rule of their own.
with last_supply as (
    select s.patient_id, s.subject, s.name, s.id, s.last_fill_id, s.last_from_day, s.runs_out_on, s.valid_until_to_day,
           s.prescriber_id, s.prescriber_name, s.refills_left
    from medicine_supply s
    cross join as_of a
    where s.last_from_day = s.last_to_day
      and (s.refills_left < 1 or s.valid_until_to_day < s.runs_out_on)
      and s.runs_out_on > a.day - 90
      and not exists (
          select 1
          from medicine m
          join controlled_ingredient k on k.ingredient = m.ingredient
          where m.code = s.code and k.schedule = 2)
),
visit as (
    select l.patient_id, l.subject, l.runs_out_on, l.last_fill_id, f.id, f.start_from_day,
           row_number() over (partition by l.patient_id, l.subject
                              order by f.start_from_day nulls last, f.id nulls last) as place
    from last_supply l
    join future_appointment f on f.patient_id = l.patient_id and f.practitioner_id = l.prescriber_id
    where f.status = 'booked' and f.start_to_day <= l.runs_out_on
),
next_visit as (
    select patient_id, subject, id, start_from_day,
           row_number() over (partition by patient_id, id
                              order by runs_out_on nulls last, last_fill_id nulls last) as medicine_place
    from visit
    where place = 1
),
asked as (
    select l.patient_id, l.subject, max(t.id) as id, max(t.authored_from_day) as asked_on
    from last_supply l
    join supply_fact b on b.patient_id = l.patient_id and b.subject = l.subject
    join task t on t.patient_id = l.patient_id and t.focus_id = b.copy_id
    join value_set_code v on v.code = t.code and v.value_set = 'work_refill_request'
    cross join as_of a
    where t.status in ('requested', 'received', 'accepted', 'in-progress', 'ready')
      and t.authored_from_day between l.last_from_day and a.day
      and t.authored_from_day > a.day - 3
    group by l.patient_id, l.subject
),
refused as (
    select l.patient_id, l.subject, max(c.id) as id
    from last_supply l
    join supply_fact b on b.patient_id = l.patient_id and b.subject = l.subject
    join contact_tried c on c.patient_id = l.patient_id and c.about_id = b.copy_id
    join value_set_code v on v.code = c.status_reason and v.value_set = 'work_declined'
    where c.sent_from_day >= l.last_from_day
    group by l.patient_id, l.subject
),
judged as (
    select l.patient_id, l.subject as medicine, l.name, l.id, l.last_fill_id, l.runs_out_on, l.valid_until_to_day,
           v.medicine_place, l.prescriber_name, l.refills_left, v.id as visit_id, v.start_from_day as visit_on, k.id as asked_id,
           k.asked_on, d.id as refusal_id,
           case when v.medicine_place = 1 then 'appointment:' || cast(v.id as varchar(20))
                else l.subject end as subject,
           case when v.id is not null then 'MET'
                when d.id is not null then 'EXCLUDED'
                when k.id is not null then 'EXCLUDED'
                when a.day < l.runs_out_on - 21 then 'MET'
                else 'DUE' end as status
    from last_supply l
    left join next_visit v on v.patient_id = l.patient_id and v.subject = l.subject
    left join asked k on k.patient_id = l.patient_id and k.subject = l.subject
    left join refused d on d.patient_id = l.patient_id and d.subject = l.subject
    cross join as_of a
),
change as (
    select patient_id, subject, runs_out_on - 21 as day from judged
    union all
    select patient_id, subject, runs_out_on + 90 from judged
    union all
    select patient_id, subject, valid_until_to_day + 1 from judged
    union all
    select patient_id, subject, visit_on + 1 from judged
    union all
    select patient_id, subject, asked_on + 3 from judged
    union all
    select j.patient_id, j.subject, a.day + 90 from judged j cross join as_of a
),
next_change as (
    select c.patient_id, c.subject, min(c.day) as day
    from change c
    cross join as_of a
    where c.day > a.day
    group by c.patient_id, c.subject
),
evidence as (
    select patient_id, subject, 'medication_request' as fact_table, id as fact_id, 'prescription' as role from judged
    union all
    select patient_id, subject, 'medication_dispense', last_fill_id, 'last fill' from judged
    union all
    select patient_id, subject, 'appointment', visit_id, 'visit' from judged where visit_id is not null
    union all
    select patient_id, subject, 'task', asked_id, 'request' from judged where asked_id is not null
    union all
    select patient_id, subject, 'communication', refusal_id, 'refusal' from judged where refusal_id is not null
)
select j.patient_id, j.subject, j.status,
       j.runs_out_on - 21 as opens_on,
       j.runs_out_on - 7 as due_on,
       cast(null as integer) as lapses_on,
       c.day as recheck_on,
       case when j.status = 'EXCLUDED' and j.refusal_id is not null then 'declined'
            when j.status = 'EXCLUDED' then 'asked' end as missing,
       case when j.medicine_place = 1 then j.medicine end as blocks,
       j.name as say_medicine,
       j.runs_out_on as say_runs_out_on,
       case when j.refills_left < 1 then 'no refill is left on the prescription'
            else 'the prescription ends before the next fill is due' end as say_why_not,
       case when j.visit_id is not null then 'A visit with the prescriber is booked before that.'
            else 'No visit with the prescriber is booked before that.' end as say_booked,
       coalesce(nullif(j.prescriber_name, ''), 'the prescriber') as say_prescriber,
       j.asked_on as say_asked_on
from judged j
join next_change c on c.patient_id = j.patient_id and c.subject = j.subject
cross join as_of a

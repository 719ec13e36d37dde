/* ---
title: Mail order will not come in time
why: A parcel takes one to two weeks; a supply that ends within the week needs a bridge from a pharmacy nearby.
kind: deadline
question: Who fills {medicine} for {patient} until the parcel comes?
reason: "{medicine} comes by mail and lasts until {runs_out_on}; {state}."
met: "{medicine} comes by mail and lasts until {runs_out_on}; {state}."
next_step: Ask the plan and a pharmacy nearby for a short supply, and order the parcel now
excluded:
  declined: "{patient} does not want {medicine} refilled."
authority:
  name: Beforehand (project choice), mail order delivery commonly within 14 days
  edition: "2026-11-22, draft"
  url: https://www.medicare.gov/drug-coverage-part-d
  valid_from: 2020-01-01
notes: The page was not opened while this was written.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: refill
harm: 4
needs: [medicine_supply, supply_fact, open_fill, contact_tried, value_set_code, as_of]
--- */
-- The last fill came by mail, five days of supply or fewer are left, and no parcel is under way. The ordinary warning for
-- mail order comes two weeks before the supply ends; this one is for when it was not heard. Sixty days after, silence.
with by_mail as (
    select s.patient_id, s.subject, s.name, s.last_fill_id, s.last_from_day, s.runs_out_on
    from medicine_supply s
    cross join as_of a
    where s.is_by_mail = 1 and s.last_from_day = s.last_to_day and s.runs_out_on > a.day - 60
),
under_way as (
    select b.patient_id, b.subject, max(f.id) as id
    from by_mail b
    join open_fill f on f.patient_id = b.patient_id and f.subject = b.subject
    where f.is_held = 0
    group by b.patient_id, b.subject
),
refused as (
    select b.patient_id, b.subject, max(c.id) as id
    from by_mail b
    join supply_fact x on x.patient_id = b.patient_id and x.subject = b.subject
    join contact_tried c on c.patient_id = b.patient_id and c.about_id = x.copy_id
    join value_set_code v on v.code = c.status_reason and v.value_set = 'work_declined'
    where c.sent_from_day >= b.last_from_day
    group by b.patient_id, b.subject
),
evidence as (
    select patient_id, subject, 'medication_dispense' as fact_table, last_fill_id as fact_id, 'last fill' as role from by_mail
    union all
    select patient_id, subject, 'medication_dispense', id, 'parcel' from under_way
    union all
    select patient_id, subject, 'communication', id, 'refusal' from refused
),
change as (
    select patient_id, subject, runs_out_on - 5 as day from by_mail
    union all
    select patient_id, subject, runs_out_on + 60 from by_mail
    union all
    select b.patient_id, b.subject, a.day + 90 from by_mail b cross join as_of a
),
next_change as (
    select c.patient_id, c.subject, min(c.day) as day
    from change c
    cross join as_of a
    where c.day > a.day
    group by c.patient_id, c.subject
)
select b.patient_id, b.subject,
       case when d.id is not null then 'EXCLUDED'
            when u.id is not null then 'MET'
            when b.runs_out_on - 5 <= a.day then 'DUE'
            else 'MET' end as status,
       b.runs_out_on - 5 as opens_on,
       b.runs_out_on - 1 as due_on,
       cast(null as integer) as lapses_on,
       n.day as recheck_on,
       case when d.id is not null then 'declined' end as missing,
       b.name as say_medicine,
       b.runs_out_on as say_runs_out_on,
       case when u.id is not null then 'the next parcel is under way'
            when b.runs_out_on - 5 <= a.day then 'no parcel is under way, and one would come too late'
            else 'a parcel ordered now still comes in time' end as say_state
from by_mail b
join next_change n on n.patient_id = b.patient_id and n.subject = b.subject
left join under_way u on u.patient_id = b.patient_id and u.subject = b.subject
left join refused d on d.patient_id = b.patient_id and d.subject = b.subject
cross join as_of a

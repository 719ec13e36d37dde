/* ---
title: Call after the hospital
why: The days after a hospital stay are when medicines get mixed up; a call within two business days catches it.
kind: deadline
question: Has {patient} been reached since coming home {home_on}?
reason: "Home since {home_on}; {contact}.{tries}"
met: "Home since {home_on}; {contact}.{tries}"
excluded:
  refused: "{patient} did not want to be called."
  back: "{patient} was back in hospital before the two business days were up."
next_step: Call the person or the family
missing:
  contact_time: A contact is dated on the day of discharge; nobody can tell whether it was before or after.
  exact_day: "The day of discharge, or of a call or visit since, is known only by its month. Ask the hospital, or whoever called."
authority:
  name: CMS transitional care management (99495, 99496), interactive contact within 2 business days after discharge
  edition: "2026"
  url: https://www.cms.gov/medicare/payment/fee-schedules/physician-fee-schedule
  valid_from: 2013-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
unknown: ask
needs: [homecoming, contact_made, contact_tried, outpatient_visit, calendar, value_set_code, as_of]
--- */
-- Business days are Monday to Friday without the holidays of the person's calendar, counted from the day after discharge.
-- A call that reached somebody or a visit after the day of discharge is a contact; two tries in vain within the time
-- count too, as Medicare counts them. Back in a hospital before the time was up, or home refused: EXCLUDED. Thirty days on it lapses.
with stay as (
    select h.patient_id, h.id, 'stay:' || cast(h.id as varchar(20)) as subject, h.end_day, h.next_stay_day,
           late.day as due_day
    from homecoming h
    join calendar home on home.calendar_id = h.calendar_id and home.day = h.end_day
    join calendar late on late.calendar_id = h.calendar_id and late.business_index = home.business_index + 2
         and late.is_business = 1
    cross join as_of a
    where h.end_day > a.day - 30
),
reached as (
    select s.patient_id, s.subject, s.end_day, 'communication' as fact_table, c.id, c.sent_from_day as day
    from stay s
    join contact_made c on c.patient_id = s.patient_id and c.sent_from_day >= s.end_day
    join value_set_code v on v.code = c.topic and v.value_set = 'work_post_discharge_contact'
    union
    select s.patient_id, s.subject, s.end_day, 'communication', c.id, c.sent_from_day
    from stay s
    join contact_made c on c.patient_id = s.patient_id and c.sent_from_day >= s.end_day and c.about_id = s.id
    union
    select s.patient_id, s.subject, s.end_day, 'encounter', e.id, e.start_from_day
    from stay s
    join outpatient_visit e on e.patient_id = s.patient_id and e.start_from_day > s.end_day
),
contact as (
    select patient_id, subject, fact_table, id, case when day > end_day then 1 else 0 end as is_after,
           row_number() over (partition by patient_id, subject order by day desc nulls last, id desc nulls last) as place
    from reached
),
tried as (
    select s.patient_id, s.subject, c.id, v.code as refusal, s.due_day, c.sent_from_day as day
    from stay s
    join contact_tried c on c.patient_id = s.patient_id and c.sent_from_day > s.end_day and c.about_id = s.id
    left join value_set_code v on v.code = c.status_reason and v.value_set = 'work_declined'
),
tries as (
    select patient_id, subject, count(*) - count(refusal) as times, count(refusal) as refusals,
           count(case when day <= due_day then id end) as in_time
    from tried
    group by patient_id, subject
),
answer as (
    select s.patient_id, s.subject, s.end_day, s.due_day, coalesce(t.times, 0) as times,
           c.is_after as is_reached, case when t.refusals > 0 then 'refused' else 'back' end as reason_out,
           case when c.is_after = 1 then 'MET'
                when t.refusals > 0 or s.next_stay_day <= s.due_day then 'EXCLUDED'
                when t.in_time > 1 then 'MET'
                when c.is_after = 0 then 'UNKNOWN'
                else 'DUE' end as status
    from stay s
    left join contact c on c.patient_id = s.patient_id and c.subject = s.subject and c.place = 1
    left join tries t on t.patient_id = s.patient_id and t.subject = s.subject
),
evidence as (
    select patient_id, subject, 'encounter' as fact_table, id as fact_id, 'stay' as role from stay
    union all
    select patient_id, subject, fact_table, id, 'contact' from contact where place = 1
    union all
    select patient_id, subject, 'communication', id, 'try' from tried
)
select patient_id, subject, status, end_day as opens_on, due_day as due_on, end_day + 30 as lapses_on,
       end_day + 30 as recheck_on,
       case when status = 'EXCLUDED' then reason_out
            when status = 'UNKNOWN' then 'contact_time' end as missing,
       end_day as say_home_on,
       case when is_reached = 1 then 'a contact after that is on record'
            else 'no contact after that is on record' end as say_contact,
       case when is_reached = 1 then ''
            when times = 0 then ''
            when times = 1 then ' One call reached nobody.'
            else ' ' || cast(times as varchar(20)) || ' calls reached nobody.' end as say_tries
from answer

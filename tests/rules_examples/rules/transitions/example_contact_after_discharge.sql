/* ---
title: No contact since leaving the hospital
why: Most problems after a discharge show in the first days; a call finds them.
kind: deadline
question: Has anyone spoken with {patient} since the discharge on {discharged_on}?
reason: "Discharged {discharged_on}; a contact is due by {due_on}."
next_step: Call; ask about medicines, warning signs and the follow-up visit.
missing: {discharge_day: "The source gives no exact day of discharge."}
authority: {name: CMS Transitional Care Management, edition: "2013", url: "https://www.cms.gov", valid_from: 2013-01-01}
author: Beforehand
clinical_review: {by: null, on: null}
needs: [person, finished_stay, contact_made, calendar]
step_kind: call
harm: 4
--- */
with stay as (
    -- stays that ended in the last 30 days; an imprecise end counts by its last possible day
    select s.patient_id, s.id, s.end_from_day, s.end_to_day, p.calendar_id,
           'stay:' || cast(s.id as varchar(20)) as subject
    from finished_stay s
    join person p on p.patient_id = s.patient_id
    cross join as_of a
    where s.end_to_day >= a.day - 30
), deadline as (
    select s.patient_id, s.id, s.subject, s.end_from_day, s.end_to_day, two.day as due_on
    from stay s
    join calendar day_out on day_out.calendar_id = s.calendar_id and day_out.day = s.end_to_day
    join calendar two on two.calendar_id = s.calendar_id and two.is_business = 1
        and two.business_index = day_out.business_index + 2
), contact as (
    select d.patient_id, d.subject, c.id
    from deadline d
    join contact_made c on c.patient_id = d.patient_id
    join value_set_code v on v.code = c.code and v.value_set = 'example_contact'
    where c.sent_from_day >= d.end_to_day
), evidence as (
    select s.patient_id, s.subject, 'encounter' as fact_table, s.id as fact_id, 'stay' as role
    from stay s
    union all
    select c.patient_id, c.subject, 'communication' as fact_table, c.id as fact_id, 'contact' as role
    from contact c
), answer as (
    select d.patient_id, d.subject, d.end_to_day, d.due_on,
           case when exists (select 1 from contact c where c.patient_id = d.patient_id and c.subject = d.subject)
                    then 'MET'
                when d.end_from_day <> d.end_to_day then 'UNKNOWN'
                else 'DUE' end as status
    from deadline d
)
select r.patient_id, r.subject, r.status,
       r.end_to_day as opens_on, r.due_on, r.end_to_day + 30 as lapses_on, r.end_to_day + 31 as recheck_on,
       case when r.status = 'UNKNOWN' then 'discharge_day' end as missing,
       r.end_to_day as say_discharged_on
from answer r

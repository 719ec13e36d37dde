/* ---
title: Visit without a ride
why: A visit missed for want of a ride is care not given, and the next slot may be months away.
kind: question
question: Does {patient} have a ride to {visit} on {visit_on}?
reason: "{why}; {ride} for {visit_on}."
met: "A ride is there for {visit} on {visit_on}."
next_step: Ask how they get there; book a ride if nobody drives.
missing:
  ride: "Nobody has said how they get there, and they may not be able to drive."
  exact_day: "The day of the visit, or of the ride, is known only by its month. Ask the office for the day."
excluded:
  declined: "{patient} wants no help with the way to {visit}."
authority: {name: "Medicaid assurance of transportation, 42 CFR 431.53; booking two business days ahead as brokers ask",
            edition: "CMS SMD 23-006, 2023", url: "https://www.ecfr.gov/current/title-42/section-431.53", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: ride
harm: 4
needs: [person, future_appointment, wants_ride, active_condition, said_no, calendar, value_set_code]
--- */
with
ride_codes as (
    select code from value_set_code where value_set = 'work_ride'
    union
    select code from value_set_code where value_set = 'work_ride_by_family'
),
rides as (
    select r.patient_id, r.id, r.for_appointment_id, r.start_from_day, r.kind,
           case when r.status = 'booked' then 1 else 0 end as is_sure
    from future_appointment r
    left join ride_codes c on c.code = r.code
    where r.kind = 'RIDE' or c.code is not null
),
visits as (
    select v.patient_id, v.id, v.start_from_day as day, v.start_to_day as last_day, v.code, p.calendar_id,
           coalesce(v.description, v.place_name, 'the visit') as visit
    from future_appointment v
    join person p on p.patient_id = v.patient_id
    left join ride_codes c on c.code = v.code
    where v.status in ('booked', 'pending') and c.code is null
      and coalesce(v.kind, '') not in ('RIDE', 'VR', 'HH') and coalesce(v.is_remote, 0) = 0
),
ride_of as (
    select v.patient_id, v.id, r.id as ride_id, r.is_sure
    from visits v
    join rides r on r.patient_id = v.patient_id
    where r.for_appointment_id = v.id or (r.for_appointment_id is null and r.start_from_day = v.day)
),
may_not_drive as (
    select v.patient_id, v.id, 'condition' as fact_table, c.id as fact_id
    from visits v
    join active_condition c on c.patient_id = v.patient_id
    join value_set_code s on s.code = c.code and s.value_set = 'may_not_drive'
    union all
    select v.patient_id, v.id, 'appointment' as fact_table, v.id as fact_id
    from visits v
    join value_set_code s on s.code = v.code and s.value_set = 'sedation_procedure'
),
declined as (
    select v.patient_id, v.id, n.fact_table, n.fact_id
    from visits v
    join said_no n on n.patient_id = v.patient_id and n.about_id = v.id
),
judged as (
    select v.patient_id, v.id, v.day, v.last_day + 1 as over_day, v.calendar_id, v.visit, r.is_sure, w.patient_id as wanting, m.id as doubtful,
           case when d.id is not null then 'EXCLUDED'
                when r.is_sure = 1 then 'MET'
                when w.patient_id is not null or r.id is not null then 'DUE'
                when m.id is not null then 'UNKNOWN' end as status
    from visits v
    left join (select patient_id, id, max(is_sure) as is_sure from ride_of group by patient_id, id) r
        on r.patient_id = v.patient_id and r.id = v.id
    left join (select distinct patient_id from wants_ride) w on w.patient_id = v.patient_id
    left join (select distinct patient_id, id from may_not_drive) m on m.patient_id = v.patient_id and m.id = v.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = v.patient_id and d.id = v.id
),
evidence as (
    select v.patient_id, 'visit:' || cast(v.id as varchar(20)) as subject, 'appointment' as fact_table, v.id as fact_id,
           'visit' as role
    from visits v
    union all
    select r.patient_id, 'visit:' || cast(r.id as varchar(20)) as subject, 'appointment' as fact_table,
           r.ride_id as fact_id, 'ride' as role
    from ride_of r
    union all
    select v.patient_id, 'visit:' || cast(v.id as varchar(20)) as subject, w.fact_table, w.fact_id, 'needs a ride' as role
    from visits v
    join wants_ride w on w.patient_id = v.patient_id
    union all
    select m.patient_id, 'visit:' || cast(m.id as varchar(20)) as subject, m.fact_table, m.fact_id, 'may not drive' as role
    from may_not_drive m
    union all
    select d.patient_id, 'visit:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'visit:' || cast(j.id as varchar(20)) as subject, j.status, j.day - 14 as opens_on,
       ahead.day as due_on, j.over_day as lapses_on,
       case when j.over_day < a.day + 90 then j.over_day else a.day + 90 end as recheck_on,
       case j.status when 'UNKNOWN' then 'ride' when 'EXCLUDED' then 'declined' end as missing,
       'appointment:' || cast(j.id as varchar(20)) as blocks,
       j.visit as say_visit, j.day as say_visit_on,
       case when j.wanting is not null then 'They need a ride to appointments'
            when j.doubtful is not null then 'They may not be able to drive'
            else 'Somebody arranged a ride' end as say_why,
       case when j.is_sure = 1 then 'a ride is there'
            when j.is_sure = 0 then 'a ride was asked for and is not confirmed'
            else 'no ride is booked' end as say_ride
from judged j
cross join as_of a
join calendar c on c.calendar_id = j.calendar_id and c.day = j.day
join calendar ahead on ahead.calendar_id = j.calendar_id and ahead.is_business = 1
    and ahead.business_index = c.business_index - c.is_business - 1
where j.status is not null

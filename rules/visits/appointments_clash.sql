/* ---
title: Two appointments clash
why: Nobody can be in two places at once; one of the two visits is lost unless it is moved in time.
kind: conflict
question: Can {patient} keep both {first} and {second} on {visit_on}?
reason: "{how} on {visit_on}: {first} and {second}."
met: "{first} and {second} on {visit_on} do not overlap."
next_step: Ask which of the two can be moved, and move it.
missing:
  time: "One of the two has no time of day or no length, so nobody can tell whether they overlap."
  day: "The day of one of the two is not known exactly, so nobody can tell whether they fall on one day. Ask the office for the day."
excluded:
  fine: "{patient} said that both can stay."
authority: {name: "Beforehand founders: 30 minutes between two places", edition: "1", url: "https://www.cms.gov/priorities/innovation/key-concepts/care-coordination",
            valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: call
harm: 3
needs: [person, future_appointment, said_no, calendar, value_set_code]
--- */
with
ride_codes as (
    select code from value_set_code where value_set = 'work_ride'
    union
    select code from value_set_code where value_set = 'work_ride_by_family'
),
visits as (
    select v.patient_id, v.id, v.start_from_day as day, v.start_to_day as last_day, v.start_at, v.order_id, v.practitioner_id, v.location_id,
           v.created_from_day, p.calendar_id, coalesce(v.is_remote, 0) as is_remote,
           coalesce(v.end_at, v.start_at + v.minutes * 60) as end_at,
           coalesce(v.description, v.place_name, 'a visit') as visit
    from future_appointment v
    join person p on p.patient_id = v.patient_id
    left join ride_codes c on c.code = v.code
    where v.status in ('booked', 'pending') and c.code is null and coalesce(v.kind, '') <> 'RIDE'
),
-- the earlier first; a booking of the same clinician at the same time, or of one order, is one visit said twice. day to
-- last_day are the days they may share
pairs as (
    select f.patient_id, f.id as first_id, s.id as second_id, f.calendar_id,
           case when f.day > s.day then f.day else s.day end as day,
           case when f.last_day < s.last_day then f.last_day else s.last_day end as last_day,
           case when f.day < f.last_day or s.day < s.last_day then 'day' else 'time' end as lacking,
           f.visit as first_visit, s.visit as second_visit,
           f.created_from_day as first_made, s.created_from_day as second_made,
           f.start_at as first_start, f.end_at as first_end, s.start_at as second_start,
           case when f.location_id <> s.location_id and f.is_remote = 0 and s.is_remote = 0
                then f.end_at + 1800 else f.end_at end as free_at
    from visits f
    join visits s on s.patient_id = f.patient_id and s.day <= f.last_day and f.day <= s.last_day
    where (s.start_at > f.start_at or ((s.start_at = f.start_at or s.start_at is null or f.start_at is null) and s.id > f.id))
      and (f.order_id is null or s.order_id is null or f.order_id <> s.order_id)
      and (f.practitioner_id is null or s.practitioner_id is null or f.practitioner_id <> s.practitioner_id
           or f.start_at <> s.start_at or f.day < f.last_day or s.day < s.last_day)
),
declined as (
    select p.patient_id, p.first_id, p.second_id, n.fact_table, n.fact_id
    from pairs p
    join said_no n on n.patient_id = p.patient_id and n.about_id in (p.first_id, p.second_id)
),
judged as (
    select p.patient_id, p.first_id, p.second_id, p.day, p.last_day, p.lacking, p.calendar_id, p.first_visit, p.second_visit, p.first_made,
           p.second_made,
           case when d.patient_id is not null then 'EXCLUDED'
                when p.second_start is null or p.first_start is null then 'UNKNOWN'
                when p.second_start = p.first_start or p.second_start < p.free_at then 'DUE'
                when p.free_at is null and p.second_start < p.first_start + 7200 then 'UNKNOWN'
                else 'MET' end as status,
           case when p.second_start < p.first_end or p.second_start = p.first_start then 'They overlap'
                when p.second_start < p.free_at then 'Less than half an hour lies between two places'
                when p.second_start >= p.free_at then 'They do not overlap'
                else 'They may overlap' end as how
    from pairs p
    left join (select distinct patient_id, first_id, second_id from declined) d
        on d.patient_id = p.patient_id and d.first_id = p.first_id and d.second_id = p.second_id
),
named as (
    select j.patient_id, j.first_id, j.second_id, j.day, j.lacking, j.calendar_id, j.first_visit, j.second_visit, j.status, j.how,
           j.last_day + 1 as over_day, case when j.second_made > j.first_made then j.second_made else j.first_made end as made_day,
           'visits:' || cast(case when j.first_id < j.second_id then j.first_id else j.second_id end as varchar(20)) || '-'
               || cast(case when j.first_id < j.second_id then j.second_id else j.first_id end as varchar(20)) as subject
    from judged j
),
evidence as (
    select n.patient_id, n.subject, 'appointment' as fact_table, n.first_id as fact_id, 'first' as role
    from named n
    union all
    select n.patient_id, n.subject, 'appointment' as fact_table, n.second_id as fact_id, 'second' as role
    from named n
    union all
    select n.patient_id, n.subject, d.fact_table, d.fact_id, 'said it is fine' as role
    from named n
    join declined d on d.patient_id = n.patient_id and d.first_id = n.first_id and d.second_id = n.second_id
)
select n.patient_id, n.subject, n.status,
       case when n.lacking = 'day' then n.day - 7 else coalesce(n.made_day, n.day - 30) end as opens_on, ahead.day as due_on,
       n.over_day as lapses_on,
       case when n.over_day < a.day + 90 then n.over_day else a.day + 90 end as recheck_on,
       case when n.status = 'EXCLUDED' then 'fine' when n.status = 'UNKNOWN' and n.lacking = 'day' then 'day'
            when n.status = 'UNKNOWN' then 'time' end as missing,
       n.first_visit as say_first, n.second_visit as say_second, n.day as say_visit_on, n.how as say_how
from named n
cross join as_of a
join calendar c on c.calendar_id = n.calendar_id and c.day = n.day
join calendar ahead on ahead.calendar_id = n.calendar_id and ahead.is_business = 1
    and ahead.business_index = c.business_index - c.is_business - 1

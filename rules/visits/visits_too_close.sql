/* ---
title: Two visits on one day too close to each other
why: A visit that cannot be reached in time is a visit lost.
kind: conflict
question: Can {patient} keep both {first} and {second} on {visit_on}?
reason: "{first} and {second} on {visit_on} are too close."
next_step: Move one of the two.
missing:
  day: "The day of one of the two is not known exactly, so nobody can tell whether they fall on one day. Ask the office for the day."
excluded:
  fine: "{patient} said that both can stay."
authority: {name: named in each row, edition: "", url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: Times that overlap, or are less than half an hour apart at two places, are the matter of appointments_clash.
family: knowledge/visit_travel.csv
whole: [minutes]
step_kind: call
needs: [visit_ahead, visit_service, wants_ride, said_no, calendar, value_set_code]
--- */
with
-- two visits with known times on one day that do not clash; and two that may fall on one day, because a day is not known
pairs as (
    select f.patient_id, f.id as first_id, s.id as second_id, f.calendar_id,
           case when f.day > s.day then f.day else s.day end as day,
           case when f.over_day < s.over_day then f.over_day else s.over_day end as over_day,
           f.is_exact * s.is_exact as is_exact, f.visit as first_visit,
           s.visit as second_visit, f.created_from_day as first_made, s.created_from_day as second_made,
           s.start_at - f.end_at as between_them,
           case when f.location_id <> s.location_id and f.is_remote = 0 and s.is_remote = 0 then 1 else 0 end as is_apart
    from visit_ahead f
    join visit_ahead s on s.patient_id = f.patient_id and s.day < f.over_day and f.day < s.over_day and f.id <> s.id
    where (f.is_exact * s.is_exact = 1 and s.start_at >= f.end_at) or (f.is_exact * s.is_exact = 0 and f.id < s.id)
),
sedated as (
    select distinct v.patient_id, v.id
    from visit_service v
    join value_set_code c on c.code = v.code and c.value_set = 'sedation_procedure'
),
concerned as (
    select f.rule_id, f.minutes, p.patient_id, p.first_id, p.second_id
    from pairs p
    join (select distinct patient_id from wants_ride) w on w.patient_id = p.patient_id
    join family f on f.way = 'ride'
    where p.is_apart = 1 and (p.between_them >= 1800 or p.is_exact = 0)
    union all
    select distinct f.rule_id, f.minutes, p.patient_id, p.first_id, p.second_id
    from pairs p
    join sedated s on s.patient_id = p.patient_id and (s.id = p.first_id or (p.is_exact = 0 and s.id = p.second_id))
    join family f on f.way = 'sedation'
),
declined as (
    select c.rule_id, c.patient_id, c.first_id, c.second_id, n.fact_table, n.fact_id
    from concerned c
    join said_no n on n.patient_id = c.patient_id and n.about_id in (c.first_id, c.second_id)
),
judged as (
    select c.rule_id, c.minutes, c.patient_id, c.first_id, c.second_id, p.day, p.calendar_id, p.first_visit,
           p.second_visit, p.over_day, coalesce(case when p.second_made > p.first_made then p.second_made
                                                               else p.first_made end, p.day - 30) as made_day,
           'close:' || cast(case when c.first_id < c.second_id then c.first_id else c.second_id end as varchar(20)) || '-'
               || cast(case when c.first_id < c.second_id then c.second_id else c.first_id end as varchar(20)) as subject,
           case when d.first_id is not null then 'EXCLUDED'
                when p.is_exact = 0 then 'UNKNOWN'
                when p.between_them < c.minutes * 60 then 'DUE'
                else 'MET' end as status
    from concerned c
    join pairs p on p.patient_id = c.patient_id and p.first_id = c.first_id and p.second_id = c.second_id
    left join (select distinct patient_id, first_id, second_id from declined) d
        on d.patient_id = c.patient_id and d.first_id = c.first_id and d.second_id = c.second_id
),
evidence as (
    select j.rule_id, j.patient_id, j.subject, 'appointment' as fact_table, j.first_id as fact_id, 'first' as role
    from judged j
    union all
    select j.rule_id, j.patient_id, j.subject, 'appointment' as fact_table, j.second_id as fact_id, 'second' as role
    from judged j
    union all
    select j.rule_id, j.patient_id, j.subject, w.fact_table, w.fact_id, 'needs a ride' as role
    from judged j
    join family f on f.rule_id = j.rule_id and f.way = 'ride'
    join wants_ride w on w.patient_id = j.patient_id
    union all
    select j.rule_id, j.patient_id, j.subject, d.fact_table, d.fact_id, 'said it is fine' as role
    from judged j
    join declined d on d.rule_id = j.rule_id and d.patient_id = j.patient_id and d.first_id = j.first_id
        and d.second_id = j.second_id
)
select j.rule_id, j.patient_id, j.subject, j.status, j.made_day as opens_on, ahead.day as due_on, j.over_day as lapses_on,
       case when j.over_day < a.day + 90 then j.over_day else a.day + 90 end as recheck_on,
       case j.status when 'EXCLUDED' then 'fine' when 'UNKNOWN' then 'day' end as missing,
       'appointment:' || cast(j.second_id as varchar(20)) as blocks,
       j.first_visit as say_first, j.second_visit as say_second, j.day as say_visit_on, j.minutes as say_minutes
from judged j
cross join as_of a
join calendar c on c.calendar_id = j.calendar_id and c.day = j.day
join calendar ahead on ahead.calendar_id = j.calendar_id and ahead.is_business = 1
    and ahead.business_index = c.business_index - c.is_business - 1

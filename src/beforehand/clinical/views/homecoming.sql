-- Stays from which a living person went home, ended by as_of within the last 90 days. end_day is the day of discharge;
-- is_exact is 0 when a source gives only a month. next_stay_day is the first day of another stay that began on or after
-- the discharge and by as_of (a transfer or a readmission), empty when there was none. Grouped by the subject and not by
-- the id: SQLite would otherwise walk every encounter in the house in id order.
select e.patient_id, min(e.id) as id, min(e.reason) as reason, min(e.start_from_day) as start_day,
       min(e.end_from_day) as end_day, min(p.calendar_id) as calendar_id,
       min(case when e.end_from_day = e.end_to_day then 1 else 0 end) as is_exact,
       min(n.start_from_day) as next_stay_day
from finished_stay e
join person p on p.patient_id = e.patient_id
cross join as_of a
left join encounter n on n.patient_id = e.patient_id and n.same_as = n.id and n.id <> e.id and n.part_of_id is null
     and n.class_code in ('IMP', 'ACUTE', 'NONAC') and n.status in ('arrived', 'triaged', 'in-progress', 'onleave', 'finished')
     and n.start_from_day >= e.end_from_day and n.start_from_day <= a.day
left join value_set_code v on v.code = e.discharge_disposition and v.value_set = 'discharged_elsewhere'
where e.end_from_day > a.day - 90 and v.code is null
group by e.patient_id, 'stay:' || cast(e.id as varchar(20))

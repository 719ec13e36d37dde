-- What the record says of each living person's smoking by as_of: last_smoked_day is the last day on which they were said
-- to smoke (empty when never), ever_smoked is 1 when they smoke, smoked before or have pack-years, packs_micro the most
-- pack-years stated (times 1,000,000; empty when not stated), last_day and last_id the newest word about it.
select s.patient_id, max(s.smoked_day) as last_smoked_day, max(s.ever_smoked) as ever_smoked,
       max(s.packs_micro) as packs_micro, max(s.day) as last_day, max(s.fact_id) as last_id
from (
    select r.patient_id, r.id as fact_id, r.taken_from_day as day, case when n.code is not null then r.taken_from_day end as smoked_day,
           case when n.code is not null or b.code is not null then 1 else 0 end as ever_smoked,
           cast(null as bigint) as packs_micro
    from final_result r
    join value_set_code q on q.code = r.code and q.value_set = 'smoking_status'
    join person p on p.patient_id = r.patient_id
    left join value_set_code n on n.code = r.value_code and n.value_set = 'smokes_now'
    left join value_set_code b on b.code = r.value_code and b.value_set = 'smoked_before'
    where r.value_code is not null
    union all
    select r.patient_id, r.id as fact_id, r.taken_from_day as day, cast(null as bigint) as smoked_day,
           case when r.value_micro > 0 then 1 else 0 end as ever_smoked, r.value_micro as packs_micro
    from final_result r
    join value_set_code q on q.code = r.code and q.value_set = 'pack_years'
    join person p on p.patient_id = r.patient_id
    where r.value_micro is not null
) s
group by s.patient_id

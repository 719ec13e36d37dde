-- How much acetaminophen or opioid each active order of a living person comes to in a day when all of it is taken: one row an
-- order and ingredient. daily_mg is in ten-millionths of a millionth of a milligram (mg x 10,000,000,000,000), daily_mme in
-- hundredths of that of a morphine milligram equivalent (MME x 100,000,000,000,000): nothing is divided. Empty when the
-- order does not say dose and times a day, in a unit our strength table knows, within what a person can take.
select d.patient_id, d.id, d.ingredient, d.start_day, d.last_day,
       case when d.unit <> 'patch' then d.dose_micro * d.daily_micro * d.tenth_mg end as daily_mg,
       case when d.unit = 'patch' then d.dose_micro * 1000000 * d.hundredth_mme
            else d.dose_micro * d.daily_micro * d.hundredth_mme end as daily_mme
from (
    select r.patient_id, r.id, m.ingredient, r.authored_from_day as start_day, r.valid_until_to_day as last_day,
           s.unit, s.tenth_mg, s.hundredth_mme,
           case when s.unit = 'piece' and r.dose_micro <= 10000000 then r.dose_micro
                when s.unit = 'patch' and r.dose_micro <= 4000000 then r.dose_micro
                when s.unit = 'mL' and r.dose_micro <= 50000000 then r.dose_micro
                when s.unit = 'mg' and s.hundredth_mme is null and r.dose_micro <= 4000000000 then r.dose_micro
                when s.unit = 'mg' and r.dose_micro <= 200000000 then r.dose_micro end as dose_micro,
           case when r.daily_micro <= 12000000 then r.daily_micro end as daily_micro
    from active_medication_request r
    join person p on p.patient_id = r.patient_id
    join medicine m on m.code = r.code and m.is_local = 0
    left join medicine_strength s
        on s.code = r.code and s.ingredient = m.ingredient
       and s.unit = case when r.dose_unit in ('{tbl}', '{tablet}', '{Tablet}', 'tablet', 'tablets', 'tab', 'TAB', '{capsule}', '{cap}',
                                              'capsule', 'capsules', 'cap', 'CAP', '{piece}', '{each}', '1') then 'piece'
                         when r.dose_unit in ('mL', 'ml') then 'mL'
                         when r.dose_unit in ('{patch}', 'patch') then 'patch'
                         when r.dose_unit = 'mg' then 'mg' end
) d

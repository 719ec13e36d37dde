-- Conditions said of the person by as_of, each with the days it holds: from_day (-999999 when nobody said) to to_day
-- (999999 while it goes on). One that is over without a day it ended is only sure on the day it began. Refuted and
-- entered-in-error ones are hidden; unconfirmed, provisional and differential ones are shown.
select c.patient_id, c.id, c.source_id, c.code, c.category, c.body_site, c.clinical_status,
       coalesce(c.onset_from_day, -999999) as from_day, c.onset_at,
       case when c.abated_to_day is not null then c.abated_to_day
            when c.clinical_status in ('active', 'recurrence', 'relapse') then 999999
            else coalesce(c.onset_from_day, -999999) end as to_day
from condition c
cross join as_of a
where c.same_as = c.id
  and (c.verification is null or c.verification not in ('refuted', 'entered-in-error'))
  and (c.onset_from_day is null or c.onset_from_day <= a.day)

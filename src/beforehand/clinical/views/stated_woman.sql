-- People whose sex at birth a source states as female or, where nobody states it, whose administrative gender is female.
select r.patient_id
from patient_record r
group by r.patient_id
having max(case when r.birth_sex = 'F' then 2 when r.birth_sex is not null then 1 else 0 end) = 2
    or (max(case when r.birth_sex is not null then 1 else 0 end) = 0
        and max(case when r.sex = 'female' then 1 else 0 end) = 1)

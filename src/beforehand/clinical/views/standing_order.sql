-- The order that governs each medicine a living person takes regularly: of the active prescriptions with the same
-- ingredients the newest one. Creams and the like and medicines taken only when needed are left out. subject and name as
-- in medicine_name.
select o.patient_id, o.subject, o.name, o.id, o.code, o.days_supply, o.refills, o.authored_from_day, o.authored_to_day,
       o.valid_until_to_day, o.prescriber_id, o.prescriber_name, o.category
from (
    select r.patient_id, n.subject, n.name, r.id, r.code, r.days_supply, r.refills, r.authored_from_day,
           r.authored_to_day, r.valid_until_to_day, r.prescriber_id, r.prescriber_name, r.category,
           row_number() over (partition by r.patient_id, n.subject
                              order by r.authored_from_day desc nulls last, r.id desc nulls last) as place
    from active_medication_request r
    join person p on p.patient_id = r.patient_id
    join medicine_name n on n.code = r.code
    where n.is_local = 0 and coalesce(r.is_as_needed, 0) = 0
) o
where o.place = 1

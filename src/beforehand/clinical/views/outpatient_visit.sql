-- Visits outside hospital stays that were finished by as_of: in the office, by phone or video, at home.
select e.patient_id, e.id, e.source_id, e.class_code, e.code, e.reason, e.start_from_day, e.start_to_day,
       e.end_from_day, e.end_to_day, e.practitioner_id, e.organization_id, e.place_name, e.appointment_id
from encounter e
cross join as_of a
where e.same_as = e.id
  and e.status = 'finished'
  and e.class_code in ('AMB', 'VR', 'HH', 'FLD', 'WELLNESS', 'URGENTCARE', 'ambulatory', 'outpatient', 'wellness',
                       'urgentcare', 'home', 'virtual')
  and e.start_from_day <= a.day

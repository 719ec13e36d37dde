-- Clinicians of care teams in force on as_of, each once a team. role is empty where the source does not code it.
select m.patient_id, m.care_team_id, m.member_id, min(m.id) as id, min(m.role) as role, min(m.start_from_day) as since_day
from care_team_member m
cross join as_of a
where m.same_as = m.id
  and m.status = 'active'
  and m.member_type in ('Practitioner', 'PractitionerRole')
  and (m.start_from_day is null or m.start_from_day <= a.day)
  and (m.end_to_day is null or m.end_to_day >= a.day)
group by m.patient_id, m.care_team_id, m.member_id

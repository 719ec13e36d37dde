-- Living people of whose prevention the record knows nothing by as_of: no procedure done, no vaccine given or refused, no
-- visit, no screening examination or question with its result, no word that something was done elsewhere or is not wanted,
-- and nobody asked. Blood tests alone are no history. What is not on record may have been done: ask before offering it.
select p.patient_id
from person p
where not exists (select 1 from care_visit e where e.patient_id = p.patient_id)
  and not exists (select 1 from given_vaccine g where g.patient_id = p.patient_id)
  and not exists (select 1 from done_procedure d where d.patient_id = p.patient_id)
  and not exists (select 1 from said_done s where s.patient_id = p.patient_id)
  and not exists (select 1 from said_no n where n.patient_id = p.patient_id and n.code is not null)
  and not exists (select 1 from contact_made c
                  join value_set_code k on k.code = c.topic and k.value_set = 'work_preventive_history'
                  where c.patient_id = p.patient_id)
  and not exists (select 1 from done_test t
                  join value_set_code v on v.code = t.code
                    and v.value_set in ('mammogram', 'stool_blood_test', 'stool_dna_test', 'colonoscopy', 'sigmoidoscopy',
                                        'ct_colonography', 'cervical_cytology', 'hpv_test', 'bone_density', 'smoking_status',
                                        'depression_questions', 'anxiety_questions', 'alcohol_questions', 'drug_questions',
                                        'fall_questions')
                  where t.patient_id = p.patient_id)

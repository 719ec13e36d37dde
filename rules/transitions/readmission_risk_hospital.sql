/* ---
title: High risk of coming back to hospital (HOSPITAL score)
why: Of people who go home with a high HOSPITAL score nearly one in four is back within a month for something that could have been avoided.
kind: risk
question: Has {patient}, at high risk of coming back, been seen in the first week?
reason: "Home since {home_on}, HOSPITAL score {score} of 13 (7 or more is high): {days} days in hospital, {admissions} stays in the year before{blood}. No visit since."
met: "Home since {home_on} with a HOSPITAL score of {score}; seen since."
excluded:
  refused: "{patient} did not want a visit."
  back: "{patient} went back into hospital."
next_step: Bring the visit after the hospital into the first seven days
missing:
  blood: No hemoglobin or sodium of the stay is here; with low ones the score would be high.
  admission: Nobody says whether the admission was urgent; if it was, the score is high.
  exact_day: "The day of this or an earlier stay is known only by its month, and the score turns on it. Ask the hospital."
authority:
  name: "Donzé and others, JAMA Internal Medicine 2016 (HOSPITAL score, international validation)"
  edition: "2016"
  url: https://jamanetwork.com/journals/jamainternalmedicine/fullarticle/2498846
  valid_from: 2016-03-07
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: book
books: Visit after the hospital
harm: 4
needs: [homecoming, finished_stay, emergency_visit, final_result, done_procedure, outpatient_visit, settled, value_set_code, as_of]
--- */
-- The points of 2016 (0 or 1 stays in the year before give none); those of 2013 stand beside them in the step "score". Blood:
-- the last hemoglobin and sodium of the stay. Oncology: cancer is the reason of the stay. A procedure: any done in the
-- stay but going through the medicines. Urgent: by admission source, acute stay, or an emergency visit that day or the day before.
with stay as (
    select h.patient_id, h.id, 'stay:' || cast(h.id as varchar(20)) as subject, h.end_day, h.next_stay_day, h.reason,
           f.start_from_day, f.end_to_day, f.class_code, f.admit_source
    from homecoming h
    join finished_stay f on f.patient_id = h.patient_id and f.id = h.id
    cross join as_of a
    where h.end_day > a.day - 30
),
blood as (
    select s.patient_id, s.subject, o.id, v.value_set,
           case when v.value_set = 'hemoglobin' and o.value_micro < 12000000 then 1
                when v.value_set = 'sodium' and o.value_micro < 135000000 then 1 else 0 end as points,
           row_number() over (partition by s.patient_id, s.subject, v.value_set
                              order by o.taken_to_day desc nulls last, o.taken_at desc nulls last, o.id desc nulls last) as place
    from stay s
    join final_result o on o.patient_id = s.patient_id and o.taken_from_day >= s.start_from_day and o.taken_to_day <= s.end_to_day
    join value_set_code v on v.code = o.code and v.value_set in ('hemoglobin', 'sodium')
    where (v.value_set = 'hemoglobin' and o.value_unit = 'g/dL')
       or (v.value_set = 'sodium' and o.value_unit in ('mmol/L', 'meq/L', 'mEq/L'))
),
tested as (
    select patient_id, subject, count(*) as tests, sum(points) as points
    from blood
    where place = 1
    group by patient_id, subject
),
cancer as (
    select s.patient_id, s.subject, 2 as points
    from stay s
    join value_set_code v on v.code = s.reason and v.value_set in ('charlson_cancer', 'charlson_cancer_spread')
    group by s.patient_id, s.subject
),
treated as (
    select s.patient_id, s.subject, min(d.id) as id
    from stay s
    join done_procedure d on d.patient_id = s.patient_id and d.encounter_id = s.id
    left join value_set_code v on v.code = d.code and v.value_set = 'medication_reconciliation'
    where v.code is null
    group by s.patient_id, s.subject
),
arrived as (
    select s.patient_id, s.subject, min(e.id) as id
    from stay s
    join emergency_visit e on e.patient_id = s.patient_id and e.start_from_day <= s.start_from_day
         and e.start_from_day >= s.start_from_day - 1
    group by s.patient_id, s.subject
),
before as (
    select s.patient_id, s.subject, f.id
    from stay s
    join finished_stay f on f.patient_id = s.patient_id and f.start_from_day < s.start_from_day
         and f.start_from_day >= s.start_from_day - 365
),
admissions as (
    select patient_id, subject, count(*) as stays from before group by patient_id, subject
),
known as (
    select s.patient_id, s.subject, s.end_day - s.start_from_day as days,
           case when s.class_code = 'ACUTE' or q.code is not null or e.id is not null then 1 else 0 end as urgent,
           case when s.class_code = 'ACUTE' or q.code is not null or e.id is not null or s.admit_source is null then 1
                else 0 end as urgent_at_most,
           coalesce(c.points, 0) + case when d.id is not null then 1 else 0 end + coalesce(t.points, 0) as points,
           2 - coalesce(t.tests, 0) as untested, coalesce(b.stays, 0) as stays
    from stay s
    left join tested t on t.patient_id = s.patient_id and t.subject = s.subject
    left join cancer c on c.patient_id = s.patient_id and c.subject = s.subject
    left join treated d on d.patient_id = s.patient_id and d.subject = s.subject
    left join arrived e on e.patient_id = s.patient_id and e.subject = s.subject
    left join admissions b on b.patient_id = s.patient_id and b.subject = s.subject
    left join value_set_code q on q.code = s.admit_source and q.value_set = 'emergency_admission'
),
bound as (
    select patient_id, subject, points + urgent as points, stays, days from known
    union all
    select patient_id, subject, points + urgent_at_most + untested, stays, days from known
),
score as (
    select patient_id, subject, min(days) as days,
           min(points + case when days >= 5 then 2 else 0 end
               + case when stays > 5 then 5 when stays > 1 then 2 else 0 end) as score_2016,
           max(points + case when days >= 5 then 2 else 0 end
               + case when stays > 5 then 5 when stays > 1 then 2 else 0 end) as score_2016_at_most,
           min(points + case when days >= 5 then 2 else 0 end
               + case when stays > 5 then 5 when stays > 0 then 2 else 0 end) as score_2013
    from bound
    group by patient_id, subject
),
seen as (
    select s.patient_id, s.subject, min(e.id) as id
    from stay s
    join outpatient_visit e on e.patient_id = s.patient_id and e.start_from_day > s.end_day
    group by s.patient_id, s.subject
),
refused as (
    select s.patient_id, s.subject, max(w.fact_id) as id
    from stay s
    join settled w on w.patient_id = s.patient_id and w.about_id = s.id
    where w.is_decision = 0
    group by s.patient_id, s.subject
),
answer as (
    select s.patient_id, s.subject, s.end_day, q.score_2016, q.days, k.stays, k.untested,
           case when e.id is not null then 'MET'
                when r.id is not null or s.next_stay_day is not null then 'EXCLUDED'
                when q.score_2016 >= 7 then 'DUE'
                else 'UNKNOWN' end as status,
           case when r.id is not null then 'refused' else 'back' end as reason_out
    from stay s
    join score q on q.patient_id = s.patient_id and q.subject = s.subject
    join known k on k.patient_id = s.patient_id and k.subject = s.subject
    left join seen e on e.patient_id = s.patient_id and e.subject = s.subject
    left join refused r on r.patient_id = s.patient_id and r.subject = s.subject
    where q.score_2016 >= 7 or (q.score_2016_at_most >= 7 and e.id is null and r.id is null and s.next_stay_day is null)
),
evidence as (
    select s.patient_id, s.subject, 'encounter' as fact_table, s.id as fact_id, 'stay' as role from stay s
    union all
    select b.patient_id, b.subject, 'observation', b.id, 'blood test' from blood b where b.place = 1
    union all
    select d.patient_id, d.subject, 'procedure', d.id, 'procedure' from treated d
    union all
    select e.patient_id, e.subject, 'encounter', e.id, 'emergency visit' from arrived e
    union all
    select b.patient_id, b.subject, 'encounter', b.id, 'earlier stay' from before b
    union all
    select e.patient_id, e.subject, 'encounter', e.id, 'visit' from seen e
    union all
    select r.patient_id, r.subject, 'communication', r.id, 'refusal' from refused r
)
select q.patient_id, q.subject, q.status, q.end_day as opens_on, q.end_day + 7 as due_on, q.end_day + 30 as lapses_on,
       q.end_day + 30 as recheck_on,
       case when q.status = 'EXCLUDED' then q.reason_out
            when q.status = 'UNKNOWN' and q.untested > 0 then 'blood'
            when q.status = 'UNKNOWN' then 'admission' end as missing,
       q.end_day as say_home_on, q.score_2016 as say_score, q.days as say_days, q.stays as say_admissions,
       case when q.untested = 2 then ', no blood test of the stay known' else '' end as say_blood
from answer q

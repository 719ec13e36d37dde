/* ---
title: High risk of coming back to hospital (LACE)
why: Of people who go home with a high LACE score about one in five is back or dead within a month; they are seen first.
kind: risk
question: Has {patient}, at high risk of coming back, been seen in the first week?
reason: "Home since {home_on}, LACE score {score} of 19 (10 or more is high): {days} days in hospital, {visits} emergency visits in the six months before. No visit since."
met: "Home since {home_on} with a LACE score of {score}; seen since."
excluded:
  refused: "{patient} did not want a visit."
  back: "{patient} went back into hospital."
next_step: Bring the visit after the hospital into the first seven days
missing:
  admission: Nobody says whether the admission was an emergency; with it the score would be high.
  exact_day: "The day of this stay or of an emergency visit is known only by its month, and the score turns on it. Ask the hospital."
authority:
  name: "van Walraven and others, CMAJ 2010 (LACE index); the visit within seven days is Medicare's for high complexity (99496)"
  edition: "2010"
  url: https://www.cmaj.ca/content/182/6/551
  valid_from: 2010-04-06
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: book
books: Visit after the hospital
harm: 4
needs: [homecoming, finished_stay, emergency_visit, known_condition, outpatient_visit, settled, value_set_code, as_of]
--- */
-- L: days in hospital; A: 3 for an emergency admission (by admission source, an acute stay, or an emergency visit on that
-- day or the day before); C: illnesses known by the discharge, the graver of a kind counting, 4 or more making 5; E:
-- emergency visits in the 183 days before, the one that led to the stay left out, at most 4. Published variants exist (14
-- days or more 6, cancer 3): this one is 7 and 2. A weak predictor: it orders calls, it denies nobody anything.
with stay as (
    select h.patient_id, h.id, 'stay:' || cast(h.id as varchar(20)) as subject, h.end_day, h.next_stay_day,
           f.start_from_day, f.class_code, f.admit_source
    from homecoming h
    join finished_stay f on f.patient_id = h.patient_id and f.id = h.id
    cross join as_of a
    where h.end_day > a.day - 30
),
emergency as (
    select s.patient_id, s.subject, e.id, case when e.start_from_day >= s.start_from_day - 1 then 1 else 0 end as is_index
    from stay s
    join emergency_visit e on e.patient_id = s.patient_id and e.start_from_day <= s.start_from_day
         and e.start_from_day >= s.start_from_day - 183
),
visits as (
    select patient_id, subject, max(is_index) as is_index, count(*) - sum(is_index) as earlier
    from emergency
    group by patient_id, subject
),
illness as (
    select s.patient_id, s.subject, c.id,
           case v.value_set when 'charlson_diabetes_damage' then 'charlson_diabetes'
                            when 'charlson_liver_kidney_severe' then 'charlson_liver_kidney_mild'
                            when 'charlson_cancer_spread' then 'charlson_cancer' else v.value_set end as kind,
           case v.value_set when 'charlson_heart_attack' then 1 when 'charlson_stroke' then 1 when 'charlson_vessels' then 1
                            when 'charlson_diabetes' then 1 when 'charlson_heart_failure' then 2
                            when 'charlson_diabetes_damage' then 2 when 'charlson_lung' then 2
                            when 'charlson_liver_kidney_mild' then 2 when 'charlson_cancer' then 2
                            when 'charlson_dementia' then 3 when 'charlson_connective' then 3 when 'charlson_aids' then 4
                            when 'charlson_liver_kidney_severe' then 4 when 'charlson_cancer_spread' then 6 end as points
    from stay s
    join known_condition c on c.patient_id = s.patient_id
    join value_set_code v on v.code = c.code
         and v.value_set in ('charlson_heart_attack', 'charlson_stroke', 'charlson_vessels', 'charlson_diabetes',
                             'charlson_heart_failure', 'charlson_diabetes_damage', 'charlson_lung',
                             'charlson_liver_kidney_mild', 'charlson_cancer', 'charlson_dementia', 'charlson_connective',
                             'charlson_aids', 'charlson_liver_kidney_severe', 'charlson_cancer_spread')
    where coalesce(c.onset_from_day, c.recorded_from_day, s.end_day) <= s.end_day
),
kinds as (
    select patient_id, subject, kind, max(points) as points from illness group by patient_id, subject, kind
),
burden as (
    select patient_id, subject, sum(points) as points from kinds group by patient_id, subject
),
-- acute: what the record says; acute_at_most: what it allows when nobody says how the admission came about
admission as (
    select s.patient_id, s.subject, s.end_day - s.start_from_day as days,
           case when s.class_code = 'ACUTE' or q.code is not null or v.is_index = 1 then 3 else 0 end as acute,
           case when s.class_code = 'ACUTE' or q.code is not null or v.is_index = 1 or s.admit_source is null then 3
                else 0 end as acute_at_most
    from stay s
    left join visits v on v.patient_id = s.patient_id and v.subject = s.subject
    left join value_set_code q on q.code = s.admit_source and q.value_set = 'emergency_admission'
),
counted as (
    select b.patient_id, b.subject, b.days, b.acute, b.acute_at_most,
           case when b.days >= 14 then 7 when b.days >= 7 then 5 when b.days >= 4 then 4 else b.days end as stay_points,
           case when c.points >= 4 then 5 else coalesce(c.points, 0) end as illness_points,
           case when v.earlier > 4 then 4 else coalesce(v.earlier, 0) end as visit_points
    from admission b
    left join burden c on c.patient_id = b.patient_id and c.subject = b.subject
    left join visits v on v.patient_id = b.patient_id and v.subject = b.subject
),
score as (
    select patient_id, subject, days, acute, stay_points + acute + illness_points + visit_points as lace,
           stay_points + acute_at_most + illness_points + visit_points as lace_at_most
    from counted
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
    select s.patient_id, s.subject, s.end_day, q.lace, q.days, coalesce(v.earlier, 0) as visits,
           case when e.id is not null then 'MET'
                when r.id is not null or s.next_stay_day is not null then 'EXCLUDED'
                when q.lace >= 10 then 'DUE'
                else 'UNKNOWN' end as status,
           case when r.id is not null then 'refused' else 'back' end as reason_out
    from stay s
    join score q on q.patient_id = s.patient_id and q.subject = s.subject
    left join visits v on v.patient_id = s.patient_id and v.subject = s.subject
    left join seen e on e.patient_id = s.patient_id and e.subject = s.subject
    left join refused r on r.patient_id = s.patient_id and r.subject = s.subject
    where q.lace >= 10 or (q.lace_at_most >= 10 and e.id is null and r.id is null and s.next_stay_day is null)
),
evidence as (
    select s.patient_id, s.subject, 'encounter' as fact_table, s.id as fact_id, 'stay' as role from stay s
    union all
    select e.patient_id, e.subject, 'encounter', e.id, 'emergency visit' from emergency e
    union all
    select i.patient_id, i.subject, 'condition', i.id, 'illness' from illness i
    union all
    select e.patient_id, e.subject, 'encounter', e.id, 'visit' from seen e
    union all
    select r.patient_id, r.subject, 'communication', r.id, 'refusal' from refused r
)
select q.patient_id, q.subject, q.status, q.end_day as opens_on, q.end_day + 7 as due_on, q.end_day + 30 as lapses_on,
       q.end_day + 30 as recheck_on,
       case when q.status = 'EXCLUDED' then q.reason_out
            when q.status = 'UNKNOWN' then 'admission' end as missing,
       q.end_day as say_home_on, q.lace as say_score, q.days as say_days, q.visits as say_visits
from answer q

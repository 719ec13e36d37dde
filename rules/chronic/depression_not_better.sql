/* ---
title: Depression score not better
why: A treatment that has not halved the score after eight weeks rarely will; waiting costs months of a life.
kind: gap
question: Was {patient}'s treatment of depression looked at again?
reason: "PHQ-9 {first} on {first_on} and still {last} on {last_on}, {days} days later; less than half better, and no visit since."
met: "PHQ-9 {first} on {first_on} and {last} on {last_on}; seen since."
excluded:
  hospice: "{patient} is in hospice or palliative care."
next_step: Book a visit about the treatment; ask about safety
missing:
  day: The day of the last score is not known exactly.
authority:
  name: VA/DoD guideline on major depression (response is half the score, measured at 8 to 12 weeks)
  edition: "2022"
  url: https://www.healthquality.va.gov/guidelines/MH/mdd/
  valid_from: 2016-04-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: book
books: Visit about depression
harm: 4
needs: [person, final_result, outpatient_visit, hospice_care, value_set_code, as_of]
--- */
-- The last score, of the last 90 days, against the highest one of 10 or more taken 56 to 183 days before it. It counts when more
-- than half is left (so it is over 5). A visit after the last score answers it; a newer score is judged anew.
with score as (
    select o.patient_id, o.id, o.taken_from_day, o.taken_to_day, o.value_micro, o.value_text,
           row_number() over (partition by o.patient_id
                              order by o.taken_to_day desc nulls last, o.taken_at desc nulls last, o.id desc nulls last) as place
    from final_result o
    join person p on p.patient_id = o.patient_id
    join value_set_code v on v.code = o.code and v.value_set = 'phq9_total'
    cross join as_of a
    where o.value_micro is not null and coalesce(o.value_unit, '1') in ('{score}', '1') and o.taken_to_day > a.day - 273
),
pair as (
    select n.patient_id, n.id, 'result:' || cast(n.id as varchar(20)) as subject, n.taken_from_day, n.taken_to_day,
           n.value_text as last_words, n.value_micro, b.id as first_id, b.taken_to_day as first_day, b.value_text as first_words,
           b.value_micro as first_micro,
           row_number() over (partition by n.patient_id order by b.value_micro desc nulls last, b.id nulls last) as place
    from score n
    cross join as_of a
    join score b on b.patient_id = n.patient_id and b.value_micro >= 10000000
         and b.taken_to_day <= n.taken_to_day - 56 and b.taken_to_day >= n.taken_to_day - 183
    where n.place = 1 and n.taken_to_day > a.day - 90
),
slow as (
    select patient_id, id, subject, taken_from_day, taken_to_day, last_words, first_id, first_day, first_words
    from pair
    where place = 1 and value_micro * 2 > first_micro
),
seen as (
    select s.patient_id, min(e.id) as id
    from slow s
    join outpatient_visit e on e.patient_id = s.patient_id and e.start_from_day > s.taken_to_day
    group by s.patient_id
),
evidence as (
    select patient_id, subject, 'observation' as fact_table, id as fact_id, 'last score' as role from slow
    union all
    select patient_id, subject, 'observation', first_id, 'first score' from slow
    union all
    select s.patient_id, s.subject, 'encounter', e.id, 'visit'
    from slow s
    join seen e on e.patient_id = s.patient_id
    union all
    select s.patient_id, s.subject, h.fact_table, h.fact_id, 'exclusion'
    from slow s
    join hospice_care h on h.patient_id = s.patient_id
)
select s.patient_id, s.subject,
       case when h.patient_id is not null then 'EXCLUDED'
            when e.id is not null then 'MET'
            when s.taken_from_day < s.taken_to_day then 'UNKNOWN'
            else 'DUE' end as status,
       s.taken_from_day as opens_on, s.taken_from_day + 14 as due_on, s.taken_to_day + 90 as lapses_on, s.taken_to_day + 90 as recheck_on,
       case when h.patient_id is not null then 'hospice'
            when e.id is null and s.taken_from_day < s.taken_to_day then 'day' end as missing,
       s.first_words as say_first, s.first_day as say_first_on, s.last_words as say_last, s.taken_from_day as say_last_on,
       s.taken_to_day - s.first_day as say_days
from slow s
left join seen e on e.patient_id = s.patient_id
left join (select distinct patient_id from hospice_care) h on h.patient_id = s.patient_id

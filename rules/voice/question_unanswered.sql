/* ---
title: Question of the person unanswered
why: A question that gets no answer is asked once; the next one is not asked any more.
kind: deadline
question: Who answers {patient}'s question of {asked_on}?
reason: "{patient} asked on {asked_on}: {words}. Nobody answered yet; an answer is due within two business days."
met: "The question of {asked_on} was answered on {answered_on}."
missing:
  day: "Nobody says when the question was asked."
  exact_day: "The day of the question or of an answer is known only by its month. Ask the person."
next_step: Answer, or say who will and when.
authority: {name: "Own standard: an answer within two business days", edition: "2026",
            url: "https://www.ahrq.gov/ncepcr/care/coordination.html", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: call
harm: 3
needs: [person, contact_made, communication, calendar, value_set_code]
--- */
with
questions as (
    select c.patient_id, c.id, c.sent_from_day as day, p.calendar_id
    from contact_made c
    join person p on p.patient_id = c.patient_id
    cross join as_of a
    where coalesce(c.sent_from_day, a.day) > a.day - 60
      and exists (select 1 from value_set_code v
                  where v.value_set = 'work_question' and (v.code = c.code or v.code = c.topic))
),
-- about the question; or said to be an answer, after it
answers as (
    select q.patient_id, q.id, min(n.sent_from_day) as day, min(n.id) as fact_id
    from questions q
    join contact_made n on n.patient_id = q.patient_id and n.id <> q.id
    left join value_set_code v on v.code = n.topic and v.value_set = 'work_answered'
    where n.about_id = q.id or (v.code is not null and n.about_id is null and n.sent_from_day >= q.day)
    group by q.patient_id, q.id
),
dated as (
    select q.patient_id, q.id, q.day, n.day as answered_day, n.fact_id, c2.day as due_day
    from questions q
    left join answers n on n.patient_id = q.patient_id and n.id = q.id
    left join calendar c1 on c1.calendar_id = q.calendar_id and c1.day = q.day
    left join calendar c2 on c2.calendar_id = q.calendar_id and c2.business_index = c1.business_index + 2 and c2.is_business = 1
),
evidence as (
    select d.patient_id, 'question:' || cast(d.id as varchar(20)) as subject, 'communication' as fact_table, d.id as fact_id,
           'question' as role
    from dated d
    union all
    select d.patient_id, 'question:' || cast(d.id as varchar(20)) as subject, 'communication' as fact_table, d.fact_id,
           'answer' as role
    from dated d
    where d.fact_id is not null
)
select d.patient_id, 'question:' || cast(d.id as varchar(20)) as subject,
       case when d.fact_id is not null then 'MET' when d.day is null then 'UNKNOWN' else 'DUE' end as status,
       coalesce(d.day, a.day) as opens_on, d.due_day as due_on, d.day + 60 as lapses_on, coalesce(d.day + 60, a.day + 90) as recheck_on,
       case when d.day is null and d.fact_id is null then 'day' end as missing,
       d.day as say_asked_on, d.answered_day as say_answered_on, coalesce(c.words, 'no words were kept') as say_words
from dated d
join communication c on c.patient_id = d.patient_id and c.id = d.id
cross join as_of a

/* ---
title: One source has a problem that another calls over or rules out
why: What is thought to be over is no longer watched; what is over is still treated.
kind: conflict
question: Does {patient} still have {problem}?
reason: "One source has {problem} as present; another says that it is over, or was ruled out."
met: "It was settled which word on {problem} holds."
next_step: Ask the clinician who treats it, and have the other list corrected.
excluded:
  declined: "{patient} does not want to talk about {problem}."
missing:
  exact_day: "The day the problem began or was written down is known only by its month. Ask both sources."
authority: {name: "CMS Chronic Care Management, comprehensive care plan with one problem list (MLN909188)", edition: "2025",
            url: "https://www.cms.gov/files/document/chroniccaremanagement.pdf", valid_from: 2015-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: other
harm: 3
needs: [condition, coding, concept_words, person, said_no, settled_pair, as_of]
--- */
-- Of one problem (a shared coding), begun on the same day as far as both say, one source has it as present and another
-- as over or ruled out. Guesses (unconfirmed, provisional, differential) are no word yet. Another time it was had
-- (another onset) is no contradiction, nor is a source that says both: it has changed its mind.
with
spoken as (
    select c.patient_id, c.id, c.source_id, c.code, c.onset_from_day, c.recorded_from_day as day,
           case when c.verification = 'refuted' then 0
                when c.clinical_status in ('inactive', 'remission', 'resolved') then 0 else 1 end as stands
    from condition c
    join person p on p.patient_id = c.patient_id
    cross join as_of a
    where c.same_as = c.id
      and (c.verification is null or c.verification in ('', 'confirmed', 'refuted'))
      and (c.clinical_status is not null or c.verification = 'refuted')
      and (c.recorded_from_day is null or c.recorded_from_day <= a.day)
),
alike as (
    select distinct x.patient_id, x.id as one_id, y.id as other_id
    from spoken x
    join spoken y on y.patient_id = x.patient_id and y.source_id <> x.source_id and y.id > x.id
    join coding k on k.code = x.code
    join coding l on l.code = y.code and l.coding = k.coding
    where x.stands <> y.stands
      and (x.onset_from_day is null or y.onset_from_day is null or x.onset_from_day = y.onset_from_day)
),
clash as (
    select x.patient_id, x.id as one_id, y.id as other_id, x.code, z.fact_id as settlement_id,
           case when x.day > y.day then x.day else coalesce(y.day, x.day) end as day,
           row_number() over (partition by x.patient_id, x.id
                              order by case when z.fact_id is null then 0 else 1 end nulls last, y.id nulls last) as place
    from alike s
    join spoken x on x.patient_id = s.patient_id and x.id = s.one_id
    join spoken y on y.patient_id = s.patient_id and y.id = s.other_id
    left join settled_pair z on z.patient_id = s.patient_id and z.one_id = s.one_id and z.other_id = s.other_id
    left join condition m on m.patient_id = x.patient_id and m.same_as = x.id and m.source_id = y.source_id
    left join condition n on n.patient_id = y.patient_id and n.same_as = y.id and n.source_id = x.source_id
    where m.id is null and n.id is null
),
refused as (
    select c.patient_id, c.one_id, max(n.fact_id) as fact_id
    from clash c
    join said_no n on n.patient_id = c.patient_id and n.about_id in (c.one_id, c.other_id) and n.fact_table = 'communication'
    where c.place = 1
    group by c.patient_id, c.one_id
),
evidence as (
    select c.patient_id, 'problem:' || cast(c.one_id as varchar(20)) as subject, 'condition' as fact_table, c.one_id as fact_id, 'one word' as role
    from clash c where c.place = 1
    union
    select c.patient_id, 'problem:' || cast(c.one_id as varchar(20)), 'condition', c.other_id, 'another word' from clash c where c.place = 1
    union
    select c.patient_id, 'problem:' || cast(c.one_id as varchar(20)), 'settlement', c.settlement_id, 'settled'
    from clash c where c.place = 1 and c.settlement_id is not null
    union
    select r.patient_id, 'problem:' || cast(r.one_id as varchar(20)), 'communication', r.fact_id, 'declined' from refused r
)
select c.patient_id, 'problem:' || cast(c.one_id as varchar(20)) as subject,
       case when c.settlement_id is not null then 'MET' when r.fact_id is not null then 'EXCLUDED' else 'DUE' end as status,
       c.day as opens_on, c.day + 14 as due_on, cast(null as bigint) as lapses_on, a.day + 90 as recheck_on,
       case when c.settlement_id is null and r.fact_id is not null then 'declined' end as missing,
       coalesce(w.words, 'the problem') as say_problem
from clash c
cross join as_of a
left join refused r on r.patient_id = c.patient_id and r.one_id = c.one_id
left join concept_words w on w.code = c.code
where c.place = 1

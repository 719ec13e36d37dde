/* ---
title: One source has an allergy that another rules out
why: Whoever reads only one of the lists gives what hurts, or withholds what would help.
kind: conflict
question: Does {patient} have the allergy to {allergy}?
reason: "Two sources differ on the allergy to {allergy}."
met: "It was settled which word on {allergy} holds."
next_step: Ask the person what happened and when, then the clinician who ruled it out or set it down.
excluded:
  declined: "{patient} does not want to talk about the allergy to {allergy}."
missing:
  exact_day: "The day the allergy was written down is known only by its month. Ask both sources."
authority: {name: "Joint Commission NPSG.03.06.01, maintain and communicate accurate medication information", edition: "2026",
            url: "https://www.jointcommission.org/standards/national-patient-safety-goals/", valid_from: 2011-07-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: other
harm: 5
needs: [allergy, allergen, coding, concept_words, person, said_no, settled_pair, as_of]
--- */
-- Of the same thing (a shared coding, or the same medicine or class) one source has an allergy that stands and another
-- says that it is ruled out or over; or both have it and one calls it high, the other low. A source that says both
-- has changed its mind and is no contradiction. Said yesterday or today: what comes tomorrow is not known.
with
spoken as (
    select g.patient_id, g.id, g.source_id, g.code, g.criticality, g.recorded_from_day as day,
           case when g.verification = 'refuted' then 0
                when g.clinical_status in ('inactive', 'resolved') then 0 else 1 end as stands
    from allergy g
    join person p on p.patient_id = g.patient_id
    cross join as_of a
    where g.same_as = g.id
      and (g.verification is null or g.verification <> 'entered-in-error')
      and (g.is_none_known is null or g.is_none_known = 0)
      and (g.recorded_from_day is null or g.recorded_from_day <= a.day)
),
alike as (
    select x.patient_id, x.id as one_id, y.id as other_id
    from spoken x
    join spoken y on y.patient_id = x.patient_id and y.source_id <> x.source_id and y.id > x.id
    join coding k on k.code = x.code
    join coding l on l.code = y.code and l.coding = k.coding
    union
    select x.patient_id, x.id, y.id
    from spoken x
    join spoken y on y.patient_id = x.patient_id and y.source_id <> x.source_id and y.id > x.id
    join allergen k on k.code = x.code
    join allergen l on l.code = y.code and l.ingredient = k.ingredient and l.class_name = k.class_name
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
    left join allergy m on m.patient_id = x.patient_id and m.same_as = x.id and m.source_id = y.source_id
    left join allergy n on n.patient_id = y.patient_id and n.same_as = y.id and n.source_id = x.source_id
    where m.id is null and n.id is null
      and (x.stands <> y.stands or x.stands = 1 and (x.criticality = 'high' and y.criticality = 'low' or x.criticality = 'low' and y.criticality = 'high'))
),
refused as (
    select c.patient_id, c.one_id, max(n.fact_id) as fact_id
    from clash c
    join said_no n on n.patient_id = c.patient_id and n.about_id in (c.one_id, c.other_id) and n.fact_table = 'communication'
    where c.place = 1
    group by c.patient_id, c.one_id
),
evidence as (
    select c.patient_id, 'allergy:' || cast(c.one_id as varchar(20)) as subject, 'allergy' as fact_table, c.one_id as fact_id, 'one word' as role
    from clash c where c.place = 1
    union
    select c.patient_id, 'allergy:' || cast(c.one_id as varchar(20)), 'allergy', c.other_id, 'another word' from clash c where c.place = 1
    union
    select c.patient_id, 'allergy:' || cast(c.one_id as varchar(20)), 'settlement', c.settlement_id, 'settled'
    from clash c where c.place = 1 and c.settlement_id is not null
    union
    select r.patient_id, 'allergy:' || cast(r.one_id as varchar(20)), 'communication', r.fact_id, 'declined' from refused r
)
select c.patient_id, 'allergy:' || cast(c.one_id as varchar(20)) as subject,
       case when c.settlement_id is not null then 'MET' when r.fact_id is not null then 'EXCLUDED' else 'DUE' end as status,
       c.day as opens_on, c.day + 7 as due_on, cast(null as bigint) as lapses_on, a.day + 90 as recheck_on,
       case when c.settlement_id is null and r.fact_id is not null then 'declined' end as missing,
       coalesce(w.words, 'what is named') as say_allergy
from clash c
cross join as_of a
left join refused r on r.patient_id = c.patient_id and r.one_id = c.one_id
left join concept_words w on w.code = c.code
where c.place = 1

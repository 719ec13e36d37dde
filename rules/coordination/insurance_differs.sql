/* ---
title: Two sources differ on the insurance
why: A claim under a wrong number, or after the last day, is turned down and the person gets the bill.
kind: conflict
question: Which word on {patient}'s insurance with {payer} is right?
reason: "Two sources differ on the insurance with {payer}: another {what}."
met: "It was settled which word on the insurance with {payer} holds."
next_step: Check eligibility with the payer and correct the list that is wrong.
excluded:
  declined: "{patient} does not want the insurance looked into."
missing:
  exact_day: "The first or last day of the insurance is known only by its month. Ask the payer."
authority: {name: "45 CFR 162.1201 and 162.1202, eligibility inquiry and response of a health plan", edition: "2024",
            url: "https://www.ecfr.gov/current/title-45/subtitle-A/subchapter-C/part-162/subpart-L", valid_from: 2012-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: other
harm: 2
needs: [coverage, any_person, said_no, settled_pair, as_of]
--- */
-- Of one payer (its name compared in lower case) and sort of cover, two sources give another member number, or one says
-- that it is over while by the other's word it goes on. Cover that follows other cover is no contradiction.
with
spoken as (
    select v.patient_id, v.id, v.source_id, v.code, v.payor_key, v.payor_name, v.member_number,
           v.start_from_day, v.end_to_day,
           case when v.end_to_day < a.day then 0 else 1 end as goes_on
    from coverage v
    join any_person p on p.patient_id = v.patient_id
    cross join as_of a
    where v.same_as = v.id and v.status = 'active' and v.payor_key is not null and p.is_deceased = 0
),
alike as (
    select x.patient_id, x.id as one_id, y.id as other_id, x.payor_name, x.end_to_day as one_end, y.end_to_day as other_end,
           case when x.start_from_day > y.start_from_day then x.start_from_day else coalesce(y.start_from_day, x.start_from_day) end as day,
           case when x.member_number <> y.member_number then 'member number' else 'last day' end as what
    from spoken x
    join spoken y on y.patient_id = x.patient_id and y.source_id <> x.source_id and y.id > x.id and y.payor_key = x.payor_key
    where (x.code is null or y.code is null or x.code = y.code)
      and (x.end_to_day is null or y.start_from_day is null or y.start_from_day <= x.end_to_day)
      and (y.end_to_day is null or x.start_from_day is null or x.start_from_day <= y.end_to_day)
      and (x.goes_on <> y.goes_on and x.end_to_day is not null and y.end_to_day is not null
           or x.member_number <> y.member_number and (x.goes_on = 1 or y.goes_on = 1))
),
clash as (
    select s.patient_id, s.one_id, s.other_id, s.payor_name, s.one_end, s.other_end, s.day, s.what, z.fact_id as settlement_id,
           row_number() over (partition by s.patient_id, s.one_id
                              order by case when z.fact_id is null then 0 else 1 end nulls last, s.other_id nulls last) as place
    from alike s
    left join settled_pair z on z.patient_id = s.patient_id and z.one_id = s.one_id and z.other_id = s.other_id
),
change as (
    select c.patient_id, c.one_id, c.one_end + 1 as day from clash c
    union all
    select c.patient_id, c.one_id, c.other_end + 1 from clash c
    union all
    select c.patient_id, c.one_id, t.day + 90 from clash c cross join as_of t
),
next_change as (
    select h.patient_id, h.one_id, min(h.day) as day
    from change h
    cross join as_of t
    where h.day > t.day
    group by h.patient_id, h.one_id
),
refused as (
    select c.patient_id, c.one_id, max(n.fact_id) as fact_id
    from clash c
    join said_no n on n.patient_id = c.patient_id and n.about_id in (c.one_id, c.other_id) and n.fact_table = 'communication'
    where c.place = 1
    group by c.patient_id, c.one_id
),
evidence as (
    select c.patient_id, 'insurance:' || cast(c.one_id as varchar(20)) as subject, 'coverage' as fact_table, c.one_id as fact_id, 'one word' as role
    from clash c where c.place = 1
    union
    select c.patient_id, 'insurance:' || cast(c.one_id as varchar(20)), 'coverage', c.other_id, 'another word' from clash c where c.place = 1
    union
    select c.patient_id, 'insurance:' || cast(c.one_id as varchar(20)), 'settlement', c.settlement_id, 'settled'
    from clash c where c.place = 1 and c.settlement_id is not null
    union
    select r.patient_id, 'insurance:' || cast(r.one_id as varchar(20)), 'communication', r.fact_id, 'declined' from refused r
)
select c.patient_id, 'insurance:' || cast(c.one_id as varchar(20)) as subject,
       case when c.settlement_id is not null then 'MET' when r.fact_id is not null then 'EXCLUDED' else 'DUE' end as status,
       c.day as opens_on, c.day + 14 as due_on, cast(null as bigint) as lapses_on, d.day as recheck_on,
       case when c.settlement_id is null and r.fact_id is not null then 'declined' end as missing,
       c.payor_name as say_payer, c.what as say_what
from clash c
join next_change d on d.patient_id = c.patient_id and d.one_id = c.one_id
left join refused r on r.patient_id = c.patient_id and r.one_id = c.one_id
where c.place = 1

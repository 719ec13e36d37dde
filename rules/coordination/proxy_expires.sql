/* ---
title: Proxy ends
why: Who speaks for the person must be allowed to on the day it matters.
kind: deadline
question: Who speaks for {patient} after {ends_on}?
reason: "{what} may speak for the person only until {ends_on}."
met: "It was talked about since: {what}."
next_step: Ask whether it goes on, and get the new paper.
missing:
  exact_day: "The day it ends, or of a talk about it, is known only by its month. Look at the signed paper."
excluded: {declined: "{patient} does not want to renew it: {what}."}
authority: {name: "AHRQ Care Coordination Measures Atlas: establish accountability, communicate", edition: "2014",
            url: "https://www.ahrq.gov/ncepcr/care/coordination/atlas.html", valid_from: 2010-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
needs: [person, related_person, contact_made, said_no, value_set_code]
--- */
with
ending as (
    select r.patient_id, r.id, coalesce(r.name, 'The proxy') as what, r.end_from_day as from_day, r.end_to_day as to_day
    from related_person r
    join person p on p.patient_id = r.patient_id
    join value_set_code v on v.code = r.relationship and v.value_set = 'healthcare_proxy'
    cross join as_of a
    where r.same_as = r.id and coalesce(r.is_active, 1) = 1 and r.end_to_day between a.day - 30 and a.day + 60
      and not exists (select 1 from related_person n
                      join value_set_code k on k.code = n.relationship and k.value_set = 'healthcare_proxy'
                      where n.patient_id = r.patient_id and n.id <> r.id and n.same_as = n.id and coalesce(n.is_active, 1) = 1
                        and (n.end_to_day is null or n.end_to_day > a.day + 60))
),
talked as (
    select c.patient_id, c.about_id, max(c.sent_from_day) as day, max(c.id) as fact_id
    from contact_made c
    group by c.patient_id, c.about_id
),
declined as (
    select n.patient_id, n.about_id, max(n.fact_id) as fact_id
    from said_no n
    where n.fact_table = 'communication'
    group by n.patient_id, n.about_id
),
judged as (
    select e.patient_id, 'proxy:' || cast(e.id as varchar(20)) as subject, e.id, e.what, e.from_day, e.to_day,
           t.fact_id as talk_id, d.fact_id as no_id
    from ending e
    left join talked t on t.patient_id = e.patient_id and t.about_id = e.id and t.day >= e.to_day - 60
    left join declined d on d.patient_id = e.patient_id and d.about_id = e.id
),
evidence as (
    select j.patient_id, j.subject, 'related_person' as fact_table, j.id as fact_id, 'ends' as role
    from judged j
    union all
    select j.patient_id, j.subject, 'communication' as fact_table, coalesce(j.no_id, j.talk_id) as fact_id, 'talked about' as role
    from judged j
    where j.no_id is not null or j.talk_id is not null
)
select j.patient_id, j.subject,
       case when j.no_id is not null then 'EXCLUDED' when j.talk_id is not null then 'MET' else 'DUE' end as status,
       j.from_day - 30 as opens_on, j.from_day as due_on, j.to_day + 31 as lapses_on,
       case when j.to_day + 31 < a.day + 90 then j.to_day + 31 else a.day + 90 end as recheck_on,
       case when j.no_id is not null then 'declined' end as missing, j.what as say_what, j.to_day as say_ends_on
from judged j
cross join as_of a

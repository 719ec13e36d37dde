/* ---
title: Consent to share ends
why: After the last day records may no longer be shared, and referrals stall.
kind: deadline
question: Does {patient} want to renew the consent that ends on {ends_on}?
reason: "The consent ({what}) ends on {ends_on}."
met: "It was talked about since: {what}."
next_step: Ask the person, and send the new form before the last day.
missing:
  exact_day: "The day the consent ends, or of a talk about it, is known only by its month. Look at the signed consent."
excluded: {declined: "{patient} does not want to renew it: {what}."}
authority: {name: "HIPAA Privacy Rule, authorizations (45 CFR 164.508); 42 CFR Part 2, consent (2.31)", edition: "2024",
            url: "https://www.ecfr.gov/current/title-42/section-2.31", valid_from: 2003-04-14}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 3
needs: [person, consent, concept_words, contact_made, said_no]
--- */
with
ending as (
    select n.patient_id, n.id, coalesce(w.words, 'to share the record') as what, n.end_from_day as from_day, n.end_to_day as to_day
    from consent n
    join person p on p.patient_id = n.patient_id
    cross join as_of a
    left join concept_words w on w.code = n.scope
    where n.same_as = n.id and n.status = 'active' and coalesce(n.decision, 'permit') = 'permit'
      and n.end_to_day between a.day - 30 and a.day + 60
      and not exists (select 1 from consent o
                      where o.patient_id = n.patient_id and o.id <> n.id and o.scope = n.scope and o.same_as = o.id
                        and o.status = 'active'
                        and coalesce(o.decision, 'permit') = 'permit' and (o.end_to_day is null or o.end_to_day > a.day + 60))
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
    select e.patient_id, 'consent:' || cast(e.id as varchar(20)) as subject, e.id, e.what, e.from_day, e.to_day,
           t.fact_id as talk_id, d.fact_id as no_id
    from ending e
    left join talked t on t.patient_id = e.patient_id and t.about_id = e.id and t.day >= e.to_day - 60
    left join declined d on d.patient_id = e.patient_id and d.about_id = e.id
),
evidence as (
    select j.patient_id, j.subject, 'consent' as fact_table, j.id as fact_id, 'ends' as role
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

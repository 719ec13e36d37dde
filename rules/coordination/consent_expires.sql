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
needs: [permission_ending]
--- */
with
judged as (
    select e.patient_id, e.subject, e.fact_id, e.what, e.from_day, e.to_day, e.talk_id, e.no_id
    from permission_ending e
    where e.kind = 'consent'
),
evidence as (
    select j.patient_id, j.subject, 'consent' as fact_table, j.fact_id, 'ends' as role
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

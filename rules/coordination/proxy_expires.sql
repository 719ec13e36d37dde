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
needs: [permission_ending]
--- */
with
judged as (
    select e.patient_id, e.subject, e.fact_id, e.what, e.from_day, e.to_day, e.talk_id, e.no_id
    from permission_ending e
    where e.kind = 'proxy'
),
evidence as (
    select j.patient_id, j.subject, 'related_person' as fact_table, j.fact_id, 'ends' as role
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

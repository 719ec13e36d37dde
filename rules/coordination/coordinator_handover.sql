/* ---
title: Coordinator leaves without a handover
why: What one coordinator carried in the head is lost on the last day, and nobody notices until something is missed.
kind: gap
question: Who takes over {patient}'s coordination from {who}?
reason: "{who} coordinates until {ends_on}; {next}. No handover is on record."
met: "{who} coordinates until {ends_on}; {next}. The handover is on record."
next_step: "{step}"
missing:
  ended: "The day on which {who} ends is not known exactly."
  word: "The day of the handover on record is not known exactly."
authority: {name: "AHRQ Care Coordination Measures Atlas: establish accountability, facilitate transitions", edition: "2014",
            url: "https://www.ahrq.gov/ncepcr/care/coordination/atlas.html", valid_from: 2010-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: call
harm: 3
needs: [person, care_team_member, contact_made, value_set_code]
--- */
-- A coordinator whose part in a care team ends in the next 14 days or ended in the last 60, and who coordinates in no other
-- team of the person after that. A word about the handover counts from 30 days before the last day.
with
coordinators as (
    select m.patient_id, m.id, coalesce('member ' || cast(m.member_id as varchar(20)), 'entry ' || cast(m.id as varchar(20))) as who_id, m.member_name, m.end_from_day, m.end_to_day
    from care_team_member m
    join person p on p.patient_id = m.patient_id
    join value_set_code v on v.code = m.role and v.value_set = 'team_coordinator'
    where m.same_as = m.id and m.status = 'active'
),
leaving as (
    select c.patient_id, c.id, c.who_id, coalesce(c.member_name, 'the coordinator') as who, c.end_from_day, c.end_to_day
    from coordinators c
    cross join as_of a
    where c.end_to_day >= a.day - 60 and c.end_from_day <= a.day + 14
),
-- who coordinates after that day: the same person in another team, or a successor
after_that as (
    select l.patient_id, l.id, min(case when n.who_id <> l.who_id then n.id end) as next_id,
           count(case when n.who_id = l.who_id then n.id end) as parts_kept
    from leaving l
    join coordinators n on n.patient_id = l.patient_id and n.id <> l.id
    where n.end_from_day is null or n.end_from_day > l.end_to_day
    group by l.patient_id, l.id
),
words as (
    select l.patient_id, l.id, max(c.id) as fact_id, max(case when c.sent_from_day >= l.end_to_day - 30 then 1 else 0 end) as is_sure
    from leaving l
    join contact_made c on c.patient_id = l.patient_id and c.sent_to_day >= l.end_from_day - 30
    join value_set_code v on v.code = c.topic and v.value_set = 'work_handover'
    group by l.patient_id, l.id
),
judged as (
    select l.patient_id, l.id, l.who, l.end_from_day, l.end_to_day, f.next_id, w.fact_id,
           'handover:' || cast(l.id as varchar(20)) as subject,
           case when w.is_sure = 1 then 'met'
                when l.end_from_day <> l.end_to_day then 'ended'
                when w.is_sure = 0 then 'word'
                else 'due' end as verdict
    from leaving l
    left join after_that f on f.patient_id = l.patient_id and f.id = l.id
    left join words w on w.patient_id = l.patient_id and w.id = l.id
    where coalesce(f.parts_kept, 0) = 0
),
evidence as (
    select patient_id, subject, 'care_team_member' as fact_table, id as fact_id, 'leaves' as role from judged
    union all
    select patient_id, subject, 'care_team_member', next_id, 'follows' from judged where next_id is not null
    union all
    select patient_id, subject, 'communication', fact_id, 'handover' from judged where fact_id is not null
)
select j.patient_id, j.subject,
       case j.verdict when 'met' then 'MET' when 'due' then 'DUE' else 'UNKNOWN' end as status,
       j.end_from_day - 14 as opens_on, j.end_from_day as due_on, j.end_to_day + 61 as lapses_on,
       j.end_to_day + 61 as recheck_on,
       case j.verdict when 'ended' then 'ended' when 'word' then 'word' end as missing,
       j.who as say_who, j.end_to_day as say_ends_on,
       case when j.next_id is null then 'nobody is named to follow'
            else coalesce(n.member_name, 'a successor') || ' follows' end as say_next,
       case when j.next_id is null then 'Name who follows, hand over in person, tell the person who it is now, and note it.'
            else 'Hand over in person: open needs, promises, what the person prefers; tell the person who it is now, and note it.' end as say_step
from judged j
left join coordinators n on n.patient_id = j.patient_id and n.id = j.next_id

/* ---
title: Social need found and nobody was asked to help
why: A need that was asked about and then left alone teaches people not to answer.
kind: gap
question: Has {patient} been put in touch with help?
reason: "On {found_on} the record says so; {since}."
next_step: Offer help and refer.
missing:
  which: "A referral to a social service was made since, but nobody says for which need."
  exact_day: "The day of the answer, or of what was done since, is known only by its month. Ask the person."
excluded: {declined: "{patient} did not want help with this; asked again after a year."}
authority: {name: "Gravity Project, SDOH Clinical Care; 14 days by the Beforehand founders", edition: "STU 2.1",
            url: "https://hl7.org/fhir/us/sdoh-clinicalcare/", valid_from: 2018-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/social_need_rows.csv
step_kind: book
needs: [person, final_result, answered_question, active_condition, placed_order, future_appointment, kept_appointment, said_no,
        value_set_code]
--- */
with
told as (
    select f.rule_id, r.patient_id, r.taken_from_day as day, r.value_code as answer, 'observation' as fact_table, r.id as fact_id
    from final_result r
    join value_set_code q on q.code = r.code
    join family f on f.question_set = q.value_set
    where r.value_code is not null
    union all
    select f.rule_id, r.patient_id, r.authored_from_day as day, r.answer_code as answer,
           'questionnaire_answer' as fact_table, r.id as fact_id
    from answered_question r
    join value_set_code q on q.code = r.code
    join family f on f.question_set = q.value_set
    where r.answer_code is not null
),
last_told as (
    select rule_id, patient_id, max(day) as day
    from told
    group by rule_id, patient_id
),
-- the last time it was asked, somebody said yes; or it stands among the problems
grounds as (
    select t.rule_id, t.patient_id, t.day, t.fact_table, t.fact_id
    from told t
    join last_told l on l.rule_id = t.rule_id and l.patient_id = t.patient_id and l.day = t.day
    join family f on f.rule_id = t.rule_id
    join value_set_code y on y.code = t.answer and y.value_set = f.positive_set
    union all
    select f.rule_id, c.patient_id, coalesce(c.recorded_from_day, c.onset_from_day) as day, 'condition' as fact_table,
           c.id as fact_id
    from active_condition c
    join value_set_code v on v.code = c.code
    join family f on f.condition_set = v.value_set
),
needs_found as (
    select g.rule_id, g.patient_id, max(g.day) as day, max(g.day) + 365 as until_day
    from grounds g
    join person p on p.patient_id = g.patient_id
    group by g.rule_id, g.patient_id
),
helped as (
    select n.rule_id, n.patient_id, 'service_request' as fact_table, o.id as fact_id
    from needs_found n
    join family f on f.rule_id = n.rule_id
    join placed_order o on o.patient_id = n.patient_id
    join value_set_code v on v.code in (o.code, o.reason) and v.value_set in (f.help_set, f.condition_set)
    where o.status = 'active' or o.authored_from_day >= n.day
    union all
    select n.rule_id, n.patient_id, 'appointment' as fact_table, b.id as fact_id
    from needs_found n
    join family f on f.rule_id = n.rule_id
    join future_appointment b on b.patient_id = n.patient_id and b.status = 'booked'
    join value_set_code v on v.code = b.code and v.value_set = f.help_set
    union all
    select n.rule_id, n.patient_id, 'appointment' as fact_table, k.id as fact_id
    from needs_found n
    join family f on f.rule_id = n.rule_id
    join kept_appointment k on k.patient_id = n.patient_id and k.start_from_day >= n.day
    join value_set_code v on v.code = k.code and v.value_set = f.help_set
),
loose as (
    select n.rule_id, n.patient_id, 'service_request' as fact_table, o.id as fact_id
    from needs_found n
    join placed_order o on o.patient_id = n.patient_id and o.authored_from_day >= n.day
    join value_set_code v on v.code = o.category and v.value_set = 'social_service'
),
declined as (
    select f.rule_id, s.patient_id, s.day + 365 as until_day, s.fact_table, s.fact_id
    from said_no s
    join value_set_code v on v.code = s.code
    join family f on f.help_set = v.value_set
    cross join as_of a
    where s.day + 365 > a.day
),
judged as (
    select n.rule_id, n.patient_id, n.day, n.until_day, f.subject, d.until_day as quiet_until,
           case when h.patient_id is not null then 'MET'
                when d.patient_id is not null then 'EXCLUDED'
                when l.patient_id is not null then 'UNKNOWN'
                else 'DUE' end as status
    from needs_found n
    join family f on f.rule_id = n.rule_id
    left join (select distinct rule_id, patient_id from helped) h on h.rule_id = n.rule_id and h.patient_id = n.patient_id
    left join (select distinct rule_id, patient_id from loose) l on l.rule_id = n.rule_id and l.patient_id = n.patient_id
    left join (select rule_id, patient_id, max(until_day) as until_day from declined group by rule_id, patient_id) d
        on d.rule_id = n.rule_id and d.patient_id = n.patient_id
    cross join as_of a
    where n.until_day > a.day
),
soonest as (
    select j.rule_id, j.patient_id,
           case when j.quiet_until < j.until_day then j.quiet_until else j.until_day end as day
    from judged j
),
evidence as (
    select g.patient_id, f.subject, g.rule_id, g.fact_table, g.fact_id, 'need' as role
    from grounds g
    join family f on f.rule_id = g.rule_id
    union all
    select h.patient_id, f.subject, h.rule_id, h.fact_table, h.fact_id, 'help' as role
    from helped h
    join family f on f.rule_id = h.rule_id
    union all
    select l.patient_id, f.subject, l.rule_id, l.fact_table, l.fact_id, 'perhaps the help' as role
    from loose l
    join family f on f.rule_id = l.rule_id
    union all
    select d.patient_id, f.subject, d.rule_id, d.fact_table, d.fact_id, 'declined' as role
    from declined d
    join family f on f.rule_id = d.rule_id
)
select j.rule_id, j.patient_id, j.subject, j.status, j.day as opens_on, j.day + 14 as due_on, j.until_day as lapses_on,
       case when s.day < a.day + 90 then s.day else a.day + 90 end as recheck_on,
       case j.status when 'UNKNOWN' then 'which' when 'EXCLUDED' then 'declined' end as missing, j.day as say_found_on,
       case when j.status = 'MET' then 'help was asked for since' else 'no referral since' end as say_since
from judged j
join soonest s on s.rule_id = j.rule_id and s.patient_id = j.patient_id
cross join as_of a

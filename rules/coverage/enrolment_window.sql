/* ---
title: Time to change the plan
why: A plan can be changed only at certain times.
kind: question
question: Does {patient} want to compare plans?
reason: "Until {last_on}."
met: "Comparing plans was talked about."
next_step: Offer a comparison.
missing:
  exact_day: "The day that opens the window, or of what was said about it, is known only by its month. Ask the plan."
excluded: {declined: "{patient} does not want to change the plan."}
authority: {name: "named in each row", edition: "",
            url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/enrolment_windows.csv
whole: [open_month, open_day, close_month, close_day]
step_kind: call
harm: 2
needs: [person, current_coverage, plan_statement, benefit_item, contact_made, said_no, calendar, value_set_code]
--- */
with
windows as (
    select f.rule_id, f.plan_set, opens.day as open_day, closes.day as last_day
    from family f
    cross join as_of a
    join calendar opens on opens.calendar_id = 1 and opens.month = f.open_month and opens.day_of_month = f.open_day
    join calendar closes on closes.calendar_id = 1 and closes.month = f.close_month and closes.day_of_month = f.close_day
        and closes.year = opens.year
    where opens.day - 30 <= a.day and closes.day >= a.day
),
-- only where the plan gave a reason to look: it refused something, or care was outside its network
troubled as (
    select w.rule_id, v.patient_id, min(v.id) as coverage_id, min(w.open_day) as open_day, min(w.last_day) as last_day,
           max(i.statement_id) as statement_id, count(case when i.noncovered_cents > 0 then i.id end) as refused
    from windows w
    join value_set_code k on k.value_set = w.plan_set
    join current_coverage v on v.code = k.code
    join person p on p.patient_id = v.patient_id
    join plan_statement s on s.patient_id = v.patient_id and s.coverage_id = v.id
    join benefit_item i on i.patient_id = v.patient_id and i.statement_id = s.id
    cross join as_of a
    where i.status = 'active' and i.same_as = i.id and i.share_cents > 0 and s.created_from_day > a.day - 365
      and (i.noncovered_cents > 0 or i.network = 'out')
    group by w.rule_id, v.patient_id
),
talked as (
    select t.rule_id, t.patient_id, max(c.id) as fact_id
    from troubled t
    join contact_made c on c.patient_id = t.patient_id
    join value_set_code k on k.code = c.topic and k.value_set = 'work_enrolment'
    where c.sent_from_day >= t.open_day - 30 or c.about_id = t.coverage_id
    group by t.rule_id, t.patient_id
),
declined as (
    select t.rule_id, t.patient_id, max(n.fact_id) as fact_id
    from troubled t
    join said_no n on n.patient_id = t.patient_id and (n.about_id = t.coverage_id or n.about_id = t.statement_id)
    where n.fact_table = 'communication' and n.day >= t.open_day - 30
    group by t.rule_id, t.patient_id
),
evidence as (
    select t.rule_id, t.patient_id, 'enrolment:yearly' as subject, 'coverage' as fact_table, t.coverage_id as fact_id, 'plan' as role
    from troubled t
    union all
    select t.rule_id, t.patient_id, 'enrolment:yearly' as subject, 'explanation_of_benefit' as fact_table,
           t.statement_id as fact_id, 'statement' as role
    from troubled t
    union all
    select t.rule_id, t.patient_id, 'enrolment:yearly' as subject, 'communication' as fact_table, t.fact_id, 'talked about' as role
    from talked t
    union all
    select d.rule_id, d.patient_id, 'enrolment:yearly' as subject, 'communication' as fact_table, d.fact_id, 'declined' as role
    from declined d
)
select t.rule_id, t.patient_id, 'enrolment:yearly' as subject,
       case when d.fact_id is not null then 'EXCLUDED' when k.fact_id is not null then 'MET' else 'DUE' end as status,
       t.open_day as opens_on, t.last_day - 7 as due_on, t.last_day + 1 as lapses_on,
       case when t.last_day + 1 < a.day + 90 then t.last_day + 1 else a.day + 90 end as recheck_on,
       case when d.fact_id is not null then 'declined' end as missing, t.last_day as say_last_on,
       case when t.refused > 0 then 'it refused to pay for something' else 'care was billed as outside its network' end as say_trouble
from troubled t
cross join as_of a
left join talked k on k.rule_id = t.rule_id and k.patient_id = t.patient_id
left join declined d on d.rule_id = t.rule_id and d.patient_id = t.patient_id

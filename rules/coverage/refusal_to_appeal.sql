/* ---
title: Refused by the plan
why: Most people never appeal, and many who do are right.
kind: deadline
question: Does {patient} want to appeal?
reason: "Refused {refused_cents}."
met: "Somebody dealt with the refusal of {service_on}."
next_step: Appeal in time.
missing:
  exact_day: "The day of the service or of the refusal is known only by its month. Ask the plan for the letter."
excluded: {declined: "{patient} does not want to appeal."}
authority: {name: "named in each row", edition: "",
            url: "", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
family: knowledge/appeal_windows.csv
whole: [days, presumed_days]
step_kind: bill
harm: 2
needs: [money_case, case_fact, case_settled, statement_plan, benefit_item, value_set_code]
--- */
with
refused as (
    select c.patient_id, c.subject, c.statement_id, i.id as line_id, i.noncovered_cents
    from money_case c
    join benefit_item i on i.patient_id = c.patient_id and i.statement_id = c.statement_id
    where i.status = 'active' and i.same_as = i.id and i.noncovered_cents > 0 and coalesce(i.paid_cents, 0) = 0
      and i.share_cents > 0
),
cases as (
    select distinct f.rule_id, r.patient_id, r.subject, r.statement_id, r.line_id, r.noncovered_cents, f.days, f.presumed_days
    from refused r
    join statement_plan p on p.patient_id = r.patient_id and p.statement_id = r.statement_id
    join value_set_code v on v.code = p.code
    join family f on f.plan_set = v.value_set
),
per_statement as (
    select c.rule_id, c.patient_id, c.subject, c.statement_id, c.days, c.presumed_days, sum(c.noncovered_cents) as refused_cents
    from cases c
    group by c.rule_id, c.patient_id, c.subject, c.statement_id, c.days, c.presumed_days
),
-- of several statements of one bill, the one whose time runs out first
dated as (
    select s.rule_id, s.patient_id, s.subject, s.refused_cents, m.provider, m.service_to_day, m.created_from_day, s.days, s.presumed_days,
           row_number() over (partition by s.rule_id, s.patient_id, s.subject
                              order by m.created_from_day nulls last, m.statement_id nulls last) as place
    from per_statement s
    join money_case m on m.patient_id = s.patient_id and m.statement_id = s.statement_id
),
evidence as (
    select c.rule_id, c.patient_id, c.subject, 'benefit_item' as fact_table, c.line_id as fact_id, 'line' as role
    from cases c
    union all
    select d.rule_id, f.patient_id, f.subject, f.fact_table, f.fact_id, f.role
    from dated d
    join case_fact f on f.patient_id = d.patient_id and f.subject = d.subject
)
select d.rule_id, d.patient_id, d.subject,
       case when s.is_declined = 1 then 'EXCLUDED' when s.is_checked = 1 then 'MET' else 'DUE' end as status,
       d.created_from_day as opens_on, d.created_from_day + d.days as due_on,
       d.created_from_day + d.days + d.presumed_days + 1 as lapses_on,
       case when d.created_from_day + d.days + d.presumed_days + 1 between a.day + 1 and a.day + 90
            then d.created_from_day + d.days + d.presumed_days + 1 else a.day + 90 end as recheck_on,
       case when s.is_declined = 1 then 'declined' end as missing,
       d.provider as say_who, d.service_to_day as say_service_on, d.refused_cents as say_refused_cents,
       d.created_from_day + d.days + d.presumed_days as say_last_on
from dated d
cross join as_of a
left join case_settled s on s.patient_id = d.patient_id and s.subject = d.subject
where d.place = 1

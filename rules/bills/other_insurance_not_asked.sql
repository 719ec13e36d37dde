/* ---
title: Another insurance was not asked
why: With two insurances the second often pays what the first leaves, and the wrong order gets both to refuse.
kind: conflict
question: Was {patient}'s other insurance asked to pay?
reason: "{who} left {share_cents} of {service_on} to the person; {other} was in force that day and has not answered for it."
met: "Somebody asked about it."
next_step: Give the billing office both cards and ask it to bill the other insurance too.
missing:
  exact_day: "The day of the service, or since when the other insurance holds, is known only by its month. Ask the person or the plan."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "Medicare Secondary Payer rules (42 U.S.C. 1395y(b)); Medicaid pays last (42 U.S.C. 1396a(a)(25)); own check B21", edition: "2024",
            url: "https://www.medicare.gov/health-drug-plans/coordination", valid_from: 1981-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
needs: [money_case, case_fact, case_settled, charged_item, coverage, plan_statement, value_set_code]
--- */
with
-- the other insurance: private insurance or Medicaid, in force that day, not the one whose statement this is
others as (
    select distinct c.patient_id, c.subject, c.statement_id, c.provider, c.service_from_day, v.id as coverage_id, v.payor_name
    from money_case c
    join coverage own on own.patient_id = c.patient_id and own.id = c.coverage_id
    join coverage v on v.patient_id = c.patient_id and v.id <> c.coverage_id
    join value_set_code k on k.code = v.code and k.value_set in ('plan_commercial', 'plan_medicaid')
    where c.patient_share_cents > 0 and v.status = 'active' and v.same_as = v.id
      and coalesce(v.start_from_day, c.service_from_day) <= c.service_from_day
      and coalesce(v.end_to_day, c.service_from_day) >= c.service_from_day
      and not exists (select 1 from plan_statement s
                      where s.patient_id = c.patient_id and s.coverage_id = v.id
                        and s.service_from_day = c.service_from_day)
),
-- or the plan itself said that somebody else pays first
refused as (
    select i.patient_id, i.subject, i.statement_id
    from charged_item i
    join value_set_code v on v.code = i.reason and v.value_set = 'refused_other_payer'
),
cases as (
    select patient_id, subject, statement_id from others
    union all
    select patient_id, subject, statement_id from refused
),
found as (
    select patient_id, subject, min(statement_id) as statement_id
    from cases
    group by patient_id, subject
),
evidence as (
    select f.patient_id, f.subject, f.fact_table, f.fact_id, f.role
    from found g
    join case_fact f on f.patient_id = g.patient_id and f.subject = g.subject
    union all
    select o.patient_id, o.subject, 'coverage' as fact_table, o.coverage_id as fact_id, 'other insurance' as role
    from others o
)
select f.patient_id, f.subject,
       case when s.is_declined = 1 then 'EXCLUDED' when s.is_checked = 1 then 'MET' else 'DUE' end as status,
       c.open_day as opens_on, c.due_day as due_on, c.lapse_day as lapses_on, c.next_day as recheck_on,
       case when s.is_declined = 1 then 'declined' end as missing,
       c.provider as say_who, c.service_to_day as say_service_on, c.patient_share_cents as say_share_cents,
       coalesce(o.payor_name, 'another insurance') as say_other
from found f
join money_case c on c.patient_id = f.patient_id and c.statement_id = f.statement_id
left join (select patient_id, statement_id, min(coverage_id) as coverage_id from others group by patient_id, statement_id) p
    on p.patient_id = f.patient_id and p.statement_id = f.statement_id
left join coverage o on o.patient_id = p.patient_id and o.id = p.coverage_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject

/* ---
title: Refused by Medicare without an advance notice
why: Who was not told beforehand, in writing, that Medicare may refuse does not owe the bill.
kind: conflict
question: Did {patient} sign a notice before Medicare refused to pay?
reason: "{who} left {share_cents} of {service_on} to the person for something Medicare refused; the mark for a signed notice is {mark}."
met: "Somebody asked about it."
next_step: Ask the billing office for the signed notice; without one, ask it to drop the charge.
missing:
  notice: "The statement does not say whether a notice was signed; ask the person and the billing office."
  exact_day: "The day of the service, or of the plan's statement, is known only by its month. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "CMS, Medicare Claims Processing Manual, chapter 30: Advance Beneficiary Notice; own check B14", edition: "2024",
            url: "https://www.cms.gov/medicare/forms-notices/beneficiary-notices-initiative/ffs-abn", valid_from: 2003-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: bill
harm: 2
needs: [charged_item, case_fact, case_settled, statement_plan, value_set_code]
--- */
with
lines as (
    select c.patient_id, c.subject, c.line_id, c.share_cents,
           case when exists (select 1 from value_set_code v
                             where v.code = c.modifier and v.value_set = 'advance_notice_lacking') then 0 else 1 end as gap
    from charged_item c
    where c.noncovered_cents > 0
      and exists (select 1 from statement_plan s
                  join value_set_code v on v.code = s.code and v.value_set = 'plan_medicare'
                  where s.patient_id = c.patient_id and s.statement_id = c.statement_id)
      and not exists (select 1 from value_set_code v where v.code = c.modifier and v.value_set = 'advance_notice_given')
),
found as (
    select patient_id, subject, min(line_id) as line_id, sum(share_cents) as share_cents, min(gap) as gap
    from lines
    group by patient_id, subject
),
evidence as (
    select l.patient_id, l.subject, 'benefit_item' as fact_table, l.line_id as fact_id, 'line' as role
    from lines l
    union all
    select f.patient_id, f.subject, f.fact_table, f.fact_id, f.role
    from found g
    join case_fact f on f.patient_id = g.patient_id and f.subject = g.subject
)
select f.patient_id, f.subject,
       case when s.is_declined = 1 then 'EXCLUDED' when s.is_checked = 1 then 'MET' 
            when f.gap > 0 then 'UNKNOWN' else 'DUE' end as status,
       c.open_day as opens_on, c.due_day as due_on, c.lapse_day as lapses_on, c.next_day as recheck_on,
       case when s.is_declined = 1 then 'declined' when s.is_checked = 1 then null
            when f.gap = 1 then 'notice' end as missing,
       c.provider as say_who, c.service_to_day as say_service_on, f.share_cents as say_share_cents,
       case when f.gap = 0 then 'that there is none' else 'missing' end as say_mark
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject

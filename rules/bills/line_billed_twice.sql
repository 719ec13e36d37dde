/* ---
title: The same line billed twice
why: A line that slipped in twice is paid twice.
kind: conflict
question: Did {patient} get {what} twice on {service_on}?
reason: "{who} lists {what} of {service_on} twice on one statement; {share_cents} of the second is left to the person."
met: "Somebody asked about it."
next_step: Ask the billing office to take the second line off, or to say why there are two.
missing:
  exact_day: "The day of one of the services is known only by its month, so the two may be one. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "CMS, Medical bill rights; own check B01", edition: "2026",
            url: "https://www.cms.gov/medical-bill-rights", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
needs: [charged_item, case_fact, case_settled, concept_words, value_set_code]
--- */
with
lines as (
    select c.patient_id, c.subject, c.line_id, c.share_cents
    from charged_item c
    where exists (select 1 from charged_item d
                  where d.patient_id = c.patient_id and d.statement_id = c.statement_id and d.code = c.code
                    and d.service_from_day = c.service_from_day and d.line_id < c.line_id
                    and coalesce(d.units_micro, 1000000) = coalesce(c.units_micro, 1000000)
                    and coalesce(d.modifier, 0) = coalesce(c.modifier, 0))
      and not exists (select 1 from value_set_code v where v.code = c.modifier and v.value_set = 'repeat_modifier')
),
found as (
    select patient_id, subject, min(line_id) as line_id, sum(share_cents) as share_cents
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
       case when s.is_declined = 1 then 'EXCLUDED' when s.is_checked = 1 then 'MET' else 'DUE' end as status,
       c.open_day as opens_on, c.due_day as due_on, c.lapse_day as lapses_on, c.next_day as recheck_on,
       case when s.is_declined = 1 then 'declined' end as missing,
       c.provider as say_who, c.service_to_day as say_service_on, f.share_cents as say_share_cents,
       coalesce(w.words, 'the same service') as say_what
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject
left join concept_words w on w.code = c.code

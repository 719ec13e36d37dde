/* ---
title: A service billed beside the one that includes it
why: Two services of one day of which only one can be billed are paid twice.
kind: conflict
question: Can both services of {service_on} be billed to {patient}?
reason: "{who} billed {what} of {service_on} beside a service that excludes it; {share_cents} of it is left to the person."
met: "Somebody asked about it."
next_step: Ask the billing office which of the two was done.
missing:
  exact_day: "The day of one of the services is known only by its month, so nobody can tell whether they fell on one day. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "CMS, Medical bill rights; own check B16", edition: "2026",
            url: "https://www.cms.gov/national-correct-coding-initiative-ncci", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
notes: "Rows for HCPCS Level II are shipped; the correct coding edits name CPT codes and come with the organisation's own licence."
needs: [charged_item, case_fact, case_settled, benefit_item, service_code, bundled_service, concept_words]
--- */
with
lines as (
    select distinct c.patient_id, c.subject, c.line_id, c.share_cents
    from charged_item c
    join service_code part on part.code = c.code
    join bundled_service b on b.part_service = part.service
    join service_code whole on whole.service = b.whole_service
    join benefit_item o on o.patient_id = c.patient_id and o.statement_id = c.statement_id and o.code = whole.code
        and o.service_from_day = c.service_from_day
    where o.status = 'active' and o.same_as = o.id
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
       coalesce(w.words, 'a service') as say_what
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject
left join concept_words w on w.code = c.code

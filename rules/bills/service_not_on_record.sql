/* ---
title: A service nobody else knows of
why: A service that was missed or called off is sometimes billed all the same.
kind: question
question: Did {patient} have {what} on {service_on}?
reason: "{who} left {share_cents} of {what} on {service_on} to the person. {found}"
met: "Somebody asked about it."
next_step: Ask the person; if it did not take place, ask for an itemised bill, and report it to 1-800-MEDICARE where Medicare paid.
missing:
  trace: "Nothing else in the record is of that day; ask the person whether it took place."
  exact_day: "The day of the service, or of a visit that may be meant, is known only by its month. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "CMS, Medical bill rights; own check B19", edition: "2026",
            url: "https://www.cms.gov/medical-bill-rights", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
needs: [charged_item, case_fact, case_settled, appointment, encounter, done_test, completed_fill, given_vaccine,
        concept_words]
--- */
with
traces as (
    select patient_id, start_from_day as from_day, coalesce(end_to_day, start_to_day) as to_day
    from encounter
    where status in ('arrived', 'triaged', 'in-progress', 'onleave', 'finished') and same_as = id
    union all
    select patient_id, from_day, to_day from done_test
    union all
    select patient_id, filled_from_day as from_day, filled_to_day as to_day from completed_fill
    union all
    select patient_id, given_from_day as from_day, given_to_day as to_day from given_vaccine
),
missed as (
    select p.patient_id, p.id, p.start_from_day
    from appointment p
    where p.status in ('noshow', 'cancelled') and p.same_as = p.id
),
lines as (
    select c.patient_id, c.subject, c.line_id, c.share_cents, min(m.id) as missed_id,
           case when min(m.id) is null then 'trace' else 'due' end as verdict
    from charged_item c
    left join missed m on m.patient_id = c.patient_id and m.start_from_day = c.service_from_day
    where not exists (select 1 from traces t
                      where t.patient_id = c.patient_id and t.from_day <= c.service_to_day + 1
                        and t.to_day >= c.service_from_day - 1)
    group by c.patient_id, c.subject, c.line_id, c.share_cents
),
found as (
    select patient_id, subject, min(line_id) as line_id, sum(share_cents) as share_cents,
           count(case when verdict = 'due' then line_id end) as due_lines
    from lines
    group by patient_id, subject
),
evidence as (
    select l.patient_id, l.subject, 'benefit_item' as fact_table, l.line_id as fact_id, 'line' as role
    from lines l
    union all
    select l.patient_id, l.subject, 'appointment' as fact_table, l.missed_id as fact_id, 'did not take place' as role
    from lines l
    where l.missed_id is not null
    union all
    select f.patient_id, f.subject, f.fact_table, f.fact_id, f.role
    from found g
    join case_fact f on f.patient_id = g.patient_id and f.subject = g.subject
)
select f.patient_id, f.subject,
       case when s.is_declined = 1 then 'EXCLUDED' when s.is_checked = 1 then 'MET' 
            when f.due_lines > 0 then 'DUE' else 'UNKNOWN' end as status,
       c.open_day as opens_on, c.due_day as due_on, c.lapse_day as lapses_on, c.next_day as recheck_on,
       case when s.is_declined = 1 then 'declined' when s.is_checked = 1 or f.due_lines > 0 then null
            else 'trace' end as missing,
       c.provider as say_who, c.service_to_day as say_service_on, f.share_cents as say_share_cents,
       coalesce(w.words, 'a service') as say_what,
       case when f.due_lines > 0 then 'The visit of that day was missed or called off.'
            else 'Nothing else in the record is of that day.' end as say_found
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject
left join concept_words w on w.code = c.code

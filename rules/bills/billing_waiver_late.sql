/* ---
title: Consent to be billed more came too late
why: A consent to pay outside the network counts only when it was given 72 hours before, or on the day itself three hours before.
kind: conflict
question: Was {patient}'s consent to be billed more given in time?
reason: "{who} left {share_cents} of {service_on} to the person as outside the network; the consent was given on {given_on}."
met: "Somebody asked about it."
next_step: "Tell the plan and the billing office that the consent came too late, so only the in-network share is owed: 1-800-985-3059."
missing:
  hour: "The consent is of the day of the visit; nobody says whether it was given three hours before."
  booked: "The consent is of one or two days before; it counts only if the visit was booked in that time."
  exact_day: "The day of the service, or of the consent, is known only by its month. Ask the biller for the signed consent."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "No Surprises Act, notice and consent (45 CFR 149.420): 72 hours, or 3 hours for visits booked within 72 hours; own check B08", edition: "2022",
            url: "https://www.cms.gov/nosurprises", valid_from: 2022-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: bill
harm: 3
needs: [charged_item, case_fact, case_settled, consent, encounter, value_set_code]
--- */
with
agreed as (
    select c.patient_id, c.subject, c.line_id, c.share_cents, n.id as consent_id, n.given_from_day as given_day,
           c.service_from_day - n.given_from_day as days_before, e.start_at - n.given_at as seconds_before
    from charged_item c
    join consent n on n.patient_id = c.patient_id
    join value_set_code v on v.code = n.category and v.value_set = 'work_billing_waiver'
    left join encounter e on e.patient_id = c.patient_id and e.id = c.encounter_id and e.status = 'finished'
    where c.network = 'out' and n.status = 'active' and n.same_as = n.id
      and c.service_from_day - n.given_from_day between -30 and 30
),
lines as (
    select patient_id, subject, line_id, min(share_cents) as share_cents, max(consent_id) as consent_id, max(given_day) as given_day,
           case when max(days_before) < 0 or (max(days_before) = 0 and max(seconds_before) is not null) then 'due'
                when max(days_before) = 0 then 'hour' else 'booked' end as verdict
    from agreed
    group by patient_id, subject, line_id
    having max(days_before) < 3
       and (max(days_before) <> 0 or max(seconds_before) is null or max(seconds_before) < 10800)
),
found as (
    select patient_id, subject, min(line_id) as line_id, sum(share_cents) as share_cents, max(given_day) as given_day,
           count(case when verdict = 'due' then line_id end) as due_lines,
           count(case when verdict = 'hour' then line_id end) as hour_lines
    from lines
    group by patient_id, subject
),
evidence as (
    select l.patient_id, l.subject, 'benefit_item' as fact_table, l.line_id as fact_id, 'line' as role
    from lines l
    union all
    select l.patient_id, l.subject, 'consent' as fact_table, l.consent_id as fact_id, 'consent' as role
    from lines l
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
            when f.hour_lines > 0 then 'hour' else 'booked' end as missing,
       c.provider as say_who, c.service_to_day as say_service_on, f.share_cents as say_share_cents,
       f.given_day as say_given_on
from found f
join charged_item c on c.patient_id = f.patient_id and c.line_id = f.line_id
left join case_settled s on s.patient_id = f.patient_id and s.subject = f.subject

/* ---
title: Medical debt on a credit report
why: The credit bureaus leave out medical debt that is paid, under a year old or under 500 dollars.
kind: conflict
question: Can {patient}'s medical debt come off the credit report?
reason: "The bill of {who} of {billed_on} over {asked_cents} stands on a credit report although it is {why}."
met: "Somebody asked about it."
next_step: Write to the credit bureaus that it is to be taken off.
missing:
  exact_day: "The day of the bill is known only by its month, and the year counts from it. Ask the biller."
excluded: {declined: "{patient} does not want it followed up."}
authority: {name: "Equifax, Experian and TransUnion, joint measures on medical debt (voluntary); own check B30", edition: "2023",
            url: "https://www.consumerfinance.gov/ask-cfpb/what-should-i-know-about-medical-debt-in-collections-en-2125/", valid_from: 2023-04-11}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: bill
harm: 2
notes: "The federal rule of January 2025 was vacated in July 2025; state law may protect more. The page itself was not seen."
needs: [invoice, contact_made, money_settled, value_set_code]
--- */
with
found as (
    select i.patient_id, i.id, max(c.sent_from_day) as told_day, min(c.id) as word_id
    from contact_made c
    join value_set_code v on v.code = c.topic and v.value_set = 'work_on_credit_report'
    join invoice i on i.patient_id = c.patient_id and i.id = c.about_id
    cross join as_of a
    where i.same_as = i.id and i.status in ('issued', 'balanced')
      and (i.status = 'balanced' or i.total_cents < 50000 or i.issued_from_day > a.day - 365)
    group by i.patient_id, i.id
),
marks as (
    select b.patient_id, b.id, max(n.is_checked) as is_checked, max(1 - n.is_checked) as is_declined
    from found b
    join money_settled n on n.patient_id = b.patient_id and n.about_id = b.id
    group by b.patient_id, b.id
),
evidence as (
    select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject, 'invoice' as fact_table, b.id as fact_id,
           'bill' as role
    from found b
    union all
    select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject, 'communication' as fact_table, b.word_id as fact_id,
           'said to stand on a credit report' as role
    from found b
    union all
    select n.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject, n.fact_table, n.fact_id, 'settled' as role
    from found b
    join money_settled n on n.patient_id = b.patient_id and n.about_id = b.id
)
select i.patient_id, 'bill:' || cast(i.id as varchar(20)) as subject,
       case when m.is_declined = 1 then 'EXCLUDED' when m.is_checked = 1 then 'MET' else 'DUE' end as status,
       f.told_day as opens_on, f.told_day + 30 as due_on, cast(null as bigint) as lapses_on,
       case when i.status = 'balanced' or i.total_cents < 50000 then cast(null as bigint)
            when i.issued_from_day + 365 < a.day + 90 then i.issued_from_day + 365 else a.day + 90 end as recheck_on,
       case when m.is_declined = 1 then 'declined' end as missing,
       coalesce(i.issuer_name, 'the biller') as say_who, i.issued_from_day as say_billed_on, i.total_cents as say_asked_cents,
       case when i.status = 'balanced' then 'paid' when i.total_cents < 50000 then 'under 500 dollars'
            else 'less than a year old' end as say_why
from found f
join invoice i on i.patient_id = f.patient_id and i.id = f.id
cross join as_of a
left join marks m on m.patient_id = i.patient_id and m.id = i.id

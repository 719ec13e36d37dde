/* ---
title: Bill above the explanation of benefits
why: Whoever pays more than the plan's statement says is owed has paid too much.
kind: conflict
question: Does {patient}'s bill from {biller} match what the plan says is owed?
reason: "The bill of {billed_on} asks {asked_cents}; the plan's statement says the person owes {share_cents}."
met: "The bill of {billed_on} was checked, or asks no more than the plan's statement says is owed."
next_step: Send the plan's statement to the billing office and ask about the difference.
missing:
  statement: "The plan's statement for this bill is not here; ask whether it was sent to insurance."
  share: "The plan's statement does not say what the person owes."
  amount: "The bill does not say what it asks."
  exact_day: "The day of the service, or of the plan's statement, is known only by its month. Ask the plan or the biller."
excluded: {declined: "{patient} does not want the bill followed up."}
authority: {name: "CMS, How to read an explanation of benefits; own checks B03 and B04", edition: "2026",
            url: "https://www.cms.gov/medical-bill-rights", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: bill
harm: 2
needs: [open_bill, bill_statement, money_settled]
--- */
with
owed as (
    select patient_id, bill_id as id, sum(patient_share_cents) as share_cents,
           count(case when patient_share_cents is null then statement_id end) as silent
    from bill_statement
    group by patient_id, bill_id
),
marks as (
    select b.patient_id, b.id, max(n.is_checked) as is_checked, max(1 - n.is_checked) as is_declined
    from open_bill b
    join money_settled n on n.patient_id = b.patient_id and n.about_id = b.id
    group by b.patient_id, b.id
),
judged as (
    select b.patient_id, b.id, b.total_cents, b.issued_from_day, b.biller, o.share_cents, b.open_day, b.due_day,
           case when m.is_declined = 1 then 'declined'
                when m.is_checked = 1 then 'checked'
                when b.total_cents is null then 'amount'
                when o.id is null then 'statement'
                when b.total_cents <= o.share_cents then 'matches'
                when o.silent > 0 then 'share'
                else 'due' end as verdict
    from open_bill b
    left join owed o on o.patient_id = b.patient_id and o.id = b.id
    left join marks m on m.patient_id = b.patient_id and m.id = b.id
),
evidence as (
    select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject, 'invoice' as fact_table, b.id as fact_id,
           'bill' as role
    from open_bill b
    union all
    select m.patient_id, 'bill:' || cast(m.bill_id as varchar(20)) as subject, 'explanation_of_benefit' as fact_table,
           m.statement_id as fact_id, 'statement' as role
    from bill_statement m
    union all
    select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject, n.fact_table, n.fact_id, 'settled' as role
    from open_bill b
    join money_settled n on n.patient_id = b.patient_id and n.about_id = b.id
)
select j.patient_id, 'bill:' || cast(j.id as varchar(20)) as subject,
       case j.verdict when 'declined' then 'EXCLUDED' when 'checked' then 'MET' when 'matches' then 'MET'
                      when 'due' then 'DUE' else 'UNKNOWN' end as status,
       j.open_day as opens_on, j.due_day as due_on, cast(null as bigint) as lapses_on, a.day + 90 as recheck_on,
       case j.verdict when 'amount' then 'amount' when 'statement' then 'statement' when 'share' then 'share'
                      when 'declined' then 'declined' end as missing,
       j.biller as say_biller, j.issued_from_day as say_billed_on, j.total_cents as say_asked_cents,
       j.share_cents as say_share_cents
from judged j
cross join as_of a

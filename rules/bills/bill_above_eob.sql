/* ---
title: Bill above the explanation of benefits
why: Whoever pays more than the plan's statement says is owed has paid too much.
kind: conflict
question: Does the bill of {patient} from {biller} match what the plan says is owed?
reason: "The bill of {billed_on} asks {asked_cents}; the plan's statement says the person owes {share_cents}."
next_step: Send the plan's statement to the billing office and ask about the difference.
missing:
  statement: "The plan's statement for this bill is not here; ask whether it was sent to insurance."
  share: "The plan's statement does not say what the person owes."
  amount: "The bill does not say what it asks."
authority: {name: "CMS, How to read an explanation of benefits; own checks B03 and B04", edition: "2026",
            url: "https://www.cms.gov/medical-bill-rights", valid_from: 2000-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
unknown: ask
step_kind: bill
harm: 2
needs: [any_person, invoice, explanation_of_benefit, task, said_no, value_set_code]
--- */
with
bills as (
    select i.patient_id, i.id, i.total_cents, i.issued_from_day, i.due_from_day, i.payer_claim_number, i.issuer_id,
           i.service_from_day, coalesce(i.issuer_name, 'the biller') as biller
    from invoice i
    join any_person p on p.patient_id = i.patient_id
    cross join as_of a
    where i.status = 'issued' and i.same_as = i.id and coalesce(i.issued_from_day, a.day) <= a.day
),
statements as (
    select e.patient_id, e.id, e.payer_claim_number, e.service_from_day, e.provider_id, e.patient_share_cents,
           row_number() over (partition by e.patient_id, coalesce(e.payer_claim_number, cast(e.id as varchar(20)))
                              order by e.created_from_day desc nulls last, e.id desc nulls last) as place
    from explanation_of_benefit e
    cross join as_of a
    where e.status = 'active' and e.same_as = e.id and coalesce(e.use, 'claim') = 'claim'
      and coalesce(e.created_from_day, a.day) <= a.day
),
-- by the claim number on the bill; where it has none, by day of service and sender
matched as (
    select b.patient_id, b.id, s.id as statement_id, s.patient_share_cents
    from bills b
    join statements s on s.patient_id = b.patient_id and s.place = 1
    where s.payer_claim_number = b.payer_claim_number
       or (b.payer_claim_number is null and s.service_from_day = b.service_from_day and s.provider_id = b.issuer_id)
),
owed as (
    select patient_id, id, sum(patient_share_cents) as share_cents,
           count(case when patient_share_cents is null then statement_id end) as silent
    from matched
    group by patient_id, id
),
checked as (
    select b.patient_id, b.id, 'task' as fact_table, t.id as fact_id
    from bills b
    join task t on t.patient_id = b.patient_id and t.focus_id = b.id
    join value_set_code v on v.code = t.code and v.value_set = 'work_bill_checked'
    cross join as_of a
    where t.status = 'completed' and t.same_as = t.id and t.authored_from_day <= a.day
),
declined as (
    select b.patient_id, b.id, n.fact_table, n.fact_id
    from bills b
    join said_no n on n.patient_id = b.patient_id and n.about_id = b.id
),
judged as (
    select b.patient_id, b.id, b.total_cents, b.issued_from_day, b.biller, o.share_cents,
           coalesce(b.issued_from_day, a.day) as open_day, coalesce(b.due_from_day, b.issued_from_day + 30) as due_day,
           case when d.id is not null then 'declined'
                when c.id is not null then 'checked'
                when b.total_cents is null then 'amount'
                when o.id is null then 'statement'
                when b.total_cents <= o.share_cents then 'matches'
                when o.silent > 0 then 'share'
                else 'due' end as verdict
    from bills b
    cross join as_of a
    left join owed o on o.patient_id = b.patient_id and o.id = b.id
    left join (select distinct patient_id, id from checked) c on c.patient_id = b.patient_id and c.id = b.id
    left join (select distinct patient_id, id from declined) d on d.patient_id = b.patient_id and d.id = b.id
),
evidence as (
    select b.patient_id, 'bill:' || cast(b.id as varchar(20)) as subject, 'invoice' as fact_table, b.id as fact_id,
           'bill' as role
    from bills b
    union all
    select m.patient_id, 'bill:' || cast(m.id as varchar(20)) as subject, 'explanation_of_benefit' as fact_table,
           m.statement_id as fact_id, 'statement' as role
    from matched m
    union all
    select c.patient_id, 'bill:' || cast(c.id as varchar(20)) as subject, c.fact_table, c.fact_id, 'checked' as role
    from checked c
    union all
    select d.patient_id, 'bill:' || cast(d.id as varchar(20)) as subject, d.fact_table, d.fact_id, 'declined' as role
    from declined d
)
select j.patient_id, 'bill:' || cast(j.id as varchar(20)) as subject,
       case j.verdict when 'declined' then 'EXCLUDED' when 'checked' then 'MET' when 'matches' then 'MET'
                      when 'due' then 'DUE' else 'UNKNOWN' end as status,
       j.open_day as opens_on, j.due_day as due_on, cast(null as bigint) as lapses_on, a.day + 90 as recheck_on,
       case j.verdict when 'amount' then 'amount' when 'statement' then 'statement' when 'share' then 'share' end as missing,
       j.biller as say_biller, j.issued_from_day as say_billed_on, j.total_cents as say_asked_cents,
       j.share_cents as say_share_cents
from judged j
cross join as_of a

-- The facts behind a subject of money_case: the statements, the bill, and what somebody said about either.
select c.patient_id, c.subject, c.statement_id, 'explanation_of_benefit' as fact_table, c.statement_id as fact_id,
       'statement' as role
from money_case c
union all
select c.patient_id, c.subject, c.statement_id, 'invoice' as fact_table, c.bill_id as fact_id, 'bill' as role
from money_case c
where c.bill_id is not null
union all
select c.patient_id, c.subject, c.statement_id, n.fact_table, n.fact_id, 'settled' as role
from money_case c
join money_settled n on n.patient_id = c.patient_id and (n.about_id = c.statement_id or n.about_id = c.bill_id)

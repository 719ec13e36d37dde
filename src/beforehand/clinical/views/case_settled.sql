-- Whether what is written about a bill or a statement was checked with the sender or declined, by the subject of money_case.
select c.patient_id, c.subject, max(n.is_checked) as is_checked, max(1 - n.is_checked) as is_declined
from money_case c
join money_settled n on n.patient_id = c.patient_id and (n.about_id = c.statement_id or n.about_id = c.bill_id)
group by c.patient_id, c.subject

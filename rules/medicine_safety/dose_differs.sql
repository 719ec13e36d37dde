/* ---
title: Two sources say different doses
why: When two lists give two doses of one medicine, the person takes one of them, and nobody knows which.
kind: conflict
question: Which dose of {medicine} does {patient} really take?
reason: "Two sources order {medicine} differently."
next_step: Ask what the person takes, then the prescriber what is meant
met: "What two sources say of {medicine} agrees, it was settled which of them holds, or the list was gone through since."
excluded:
  declined: "{patient} did not want to go through the doses of {medicine}."
missing:
  dose: Two sources list different products of {medicine}, and no dose that can be compared.
authority:
  name: National Patient Safety Goal NPSG.03.06.01, maintain and communicate accurate medication information
  edition: "2024"
  url: https://www.jointcommission.org/
  valid_from: 2020-01-01
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: reconcile
harm: 3
unknown: ask
needs: [person, active_medication_request, medicine_name, settled, settled_pair, done_procedure, value_set_code, as_of]
--- */
-- The newest active order of each source for the same ingredients. The dose of a day (amount times times a day) is
-- compared where both name the same unit; a count of tablets only for the same product. Different products without
-- such a dose: UNKNOWN. The same product without a dose: nothing differs, silent. The list gone through since, or it
-- was settled which of these two orders holds (and both say the same still): MET.
with ordered as (
    select r.patient_id, n.subject, n.name, r.id, r.code, r.source_id, r.authored_from_day, r.valid_until_to_day,
           r.dose_micro * coalesce(r.daily_micro, 1000000) as total, r.dose_unit,
           row_number() over (partition by r.patient_id, n.subject, r.source_id
                              order by r.authored_from_day desc nulls last, r.id desc nulls last) as place
    from active_medication_request r
    join person p on p.patient_id = r.patient_id
    join medicine_name n on n.code = r.code
    where n.is_local = 0
),
compared as (
    select x.patient_id, x.subject, x.name, x.id as a_id, y.id as b_id,
           x.valid_until_to_day as last_a, y.valid_until_to_day as last_b,
           case when x.authored_from_day > y.authored_from_day then x.authored_from_day
                else y.authored_from_day end as since,
           case when x.dose_unit = y.dose_unit
                     and (x.code = y.code or x.dose_unit in ('mg', 'ug', 'g', 'mL', 'meq', '[iU]', '[arb''U]'))
                then case when x.total <> y.total then 2 when x.total = y.total then 0 end
                when x.code <> y.code then 1 end as verdict
    from ordered x
    join ordered y on y.patient_id = x.patient_id and y.subject = x.subject and y.source_id > x.source_id
    where x.place = 1 and y.place = 1
),
pair as (
    select c.patient_id, c.subject, c.name, c.a_id, c.b_id, c.last_a, c.last_b, c.since,
           case when z.fact_id is not null then 0 else c.verdict end as verdict, z.fact_id as settlement_id
    from compared c
    left join settled_pair z on z.patient_id = c.patient_id and z.one_id = c.a_id and z.other_id = c.b_id
    where c.verdict is not null
),
told as (
    select patient_id, subject, name, a_id, b_id, last_a, last_b, since, verdict, settlement_id,
           row_number() over (partition by patient_id, subject order by verdict desc nulls last, a_id desc nulls last, b_id desc nulls last) as place
    from pair
),
settling as (
    select p.patient_id, p.subject, s.is_decision, s.settled_day, s.fact_table, s.fact_id
    from told p
    join settled s on s.patient_id = p.patient_id and s.about_id in (p.a_id, p.b_id)
    where s.settled_day >= p.since
    union
    select p.patient_id, p.subject, 1, d.done_from_day, 'procedure', d.id
    from told p
    join done_procedure d on d.patient_id = p.patient_id
    join value_set_code v on v.code = d.code and v.value_set = 'medication_reconciliation'
    where d.done_from_day >= p.since
),
word as (
    select patient_id, subject, is_decision, fact_table, fact_id,
           row_number() over (partition by patient_id, subject order by settled_day desc nulls last, fact_id desc nulls last) as place
    from settling
),
change as (
    select patient_id, subject, last_a + 1 as day from told
    union all
    select patient_id, subject, last_b + 1 from told
    union all
    select p.patient_id, p.subject, t.day + 90 from told p cross join as_of t
),
next_change as (
    select patient_id, subject, min(day) as day from change group by patient_id, subject
),
evidence as (
    select patient_id, subject, 'medication_request' as fact_table, a_id as fact_id, 'order' as role from told
    union
    select patient_id, subject, 'medication_request', b_id, 'order' from told
    union
    select patient_id, subject, fact_table, fact_id, 'word' from word where place = 1
    union
    select patient_id, subject, 'settlement', settlement_id, 'settled' from told where settlement_id is not null
)
select c.patient_id, c.subject,
       case when c.verdict = 0 or w.is_decision = 1 then 'MET'
            when w.is_decision = 0 then 'EXCLUDED'
            when c.verdict = 1 then 'UNKNOWN'
            else 'DUE' end as status,
       c.since as opens_on,
       c.since + 7 as due_on,
       cast(null as integer) as lapses_on,
       d.day as recheck_on,
       case when c.verdict = 0 or w.is_decision = 1 then null
            when w.is_decision = 0 then 'declined'
            when c.verdict = 1 then 'dose' end as missing,
       c.name as say_medicine
from told c
join next_change d on d.patient_id = c.patient_id and d.subject = c.subject
left join word w on w.patient_id = c.patient_id and w.subject = c.subject and w.place = 1
where c.place = 1

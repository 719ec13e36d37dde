/* ---
title: Medicine taken with gaps
why: A medicine taken four days out of five no longer protects as it was tested; behind the gaps lies a reason that can be asked for.
kind: risk
question: What makes it hard for {patient} to take {medicine} every day?
reason: "Fills of {medicine} since {first_on} cover less than 80 % of the days until now ({fills} fills; the last of {last_fill_on} lasts until {runs_out_on})."
met: "Fills of {medicine} since {first_on} cover at least 80 % of the days ({fills} fills), or it is too early to tell."
next_step: Ask what gets in the way (price, side effects, doubts, forgetting), without blame
excluded:
  declined: "{patient} decided not to take {medicine} as ordered."
  decided: "A clinician decided about the gaps in {medicine}."
  hospice: "Comfort comes first: hospice or palliative care."
authority:
  name: Proportion of days covered of at least 80 %, as in CMS Medicare Part D star ratings (statins, blood pressure and diabetes medicines); blood thinners by our choice; own definition below
  edition: "2026"
  url: https://www.cms.gov/medicare/health-drug-plans/part-c-d-performance-data
  valid_from: 2020-01-01
notes: The page was not opened while this was written. CMS counts a calendar year and takes stays in hospital out; this does neither.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 3
needs: [standing_order, completed_fill, medicine_name, medicine, ingredient_class, hospice_care, settled, as_of]
--- */
-- Days: from the first fill in the 365 days before the last one, up to as_of. Covered: each fill covers its days, what is
-- left over moves forward. Below 80 % means gaps x 5 > days. Two fills on different days and 91 days at the least; a last
-- fill more than 180 days ago is another story (the run-out rule tells it). A fill without days or exact day: nothing is said.
with kind as (
    select distinct o.patient_id, o.subject, o.name, o.id
    from standing_order o
    join medicine m on m.code = o.code
    join ingredient_class k on k.ingredient = m.ingredient
    where k.class_name in ('statin', 'ace_inhibitor', 'arb', 'arni', 'renin_inhibitor', 'biguanide', 'sulfonylurea', 'tzd',
                           'dpp4_inhibitor', 'glp1_ra', 'sglt2_inhibitor', 'meglitinide', 'doac')
),
fetched as (
    select k.patient_id, k.subject, k.name, k.id as order_id, f.id, f.filled_from_day as day, f.days_supply as days,
           max(f.filled_from_day) over (partition by k.patient_id, k.subject) as last_day,
           min(case when f.days_supply is null or f.filled_from_day is null or f.filled_from_day < f.filled_to_day then 0 else 1 end)
               over (partition by k.patient_id, k.subject) as is_clear
    from kind k
    join completed_fill f on f.patient_id = k.patient_id
    join medicine_name n on n.code = f.code and n.subject = k.subject
),
counted as (
    select patient_id, subject, name, order_id, id, day, days, last_day,
           coalesce(sum(days) over (partition by patient_id, subject order by day nulls last, id nulls last
                                    rows between unbounded preceding and 1 preceding), 0) as days_before
    from fetched
    where is_clear = 1 and day > last_day - 366
),
-- until when everything fetched before a fill lasts: the latest of "that fill's day plus all days from it on"
stretch as (
    select patient_id, subject, name, order_id, id, day, days, last_day, days_before,
           max(day - days_before) over (partition by patient_id, subject order by day nulls last, id nulls last
                                        rows between unbounded preceding and 1 preceding) + days_before as lasted_until,
           max(day - days_before) over (partition by patient_id, subject) as base
    from counted
),
taken as (
    select s.patient_id, s.subject, s.name, s.order_id, min(s.day) as first_day, s.last_day, count(*) as fills,
           s.base + sum(s.days) as runs_out_on,
           sum(case when s.day > s.lasted_until then s.day - s.lasted_until else 0 end) as gaps
    from stretch s
    group by s.patient_id, s.subject, s.name, s.order_id, s.last_day, s.base
),
judged as (
    select t.patient_id, t.subject, t.name, t.order_id, t.first_day, t.last_day, t.fills, t.runs_out_on, t.gaps,
           case when a.day > t.runs_out_on then a.day - t.runs_out_on else 0 end as gap_now,
           a.day - t.first_day as days
    from taken t
    cross join as_of a
    where t.first_day < t.last_day and t.last_day + 180 >= a.day
),
word as (
    select j.patient_id, j.subject, s.is_decision, s.fact_table, s.fact_id,
           row_number() over (partition by j.patient_id, j.subject
                              order by s.settled_day desc nulls last, s.fact_id desc nulls last) as place
    from judged j
    join settled s on s.patient_id = j.patient_id and s.about_id = j.order_id
    where s.settled_day >= j.last_day
),
comfort as (
    select distinct patient_id from hospice_care
),
answered as (
    select j.patient_id, j.subject, j.name, j.order_id, j.first_day, j.last_day, j.fills, j.runs_out_on, j.gaps,
           case when c.patient_id is not null then 'hospice'
                when w.is_decision = 1 then 'decided'
                when w.is_decision = 0 then 'declined' end as missing,
           case when j.days > 90 and (j.gaps + j.gap_now) * 5 > j.days then 1 else 0 end as is_low
    from judged j
    left join word w on w.patient_id = j.patient_id and w.subject = j.subject and w.place = 1
    left join comfort c on c.patient_id = j.patient_id
),
change as (
    select patient_id, subject, first_day + 91 as day from answered
    union all
    select patient_id, subject, first_day + gaps * 5 from answered
    union all
    select patient_id, subject, runs_out_on + 1 from answered
    union all
    select patient_id, subject, last_day + 181 from answered
    union all
    select n.patient_id, n.subject, a.day + 1 from answered n cross join as_of a where n.is_low = 0 and n.runs_out_on <= a.day
    union all
    select n.patient_id, n.subject, a.day + 90 from answered n cross join as_of a
),
next_change as (
    select c.patient_id, c.subject, min(c.day) as day
    from change c
    cross join as_of a
    where c.day > a.day
    group by c.patient_id, c.subject
),
evidence as (
    select n.patient_id, n.subject, 'medication_dispense' as fact_table, s.id as fact_id, 'fill' as role
    from answered n
    join stretch s on s.patient_id = n.patient_id and s.subject = n.subject
    union all
    select patient_id, subject, 'medication_request', order_id, 'prescription' from answered
    union all
    select patient_id, subject, fact_table, fact_id, 'word' from word where place = 1
)
select n.patient_id, n.subject,
       case when n.missing is not null then 'EXCLUDED'
            when n.is_low = 1 then 'DUE'
            else 'MET' end as status,
       n.last_day as opens_on,
       case when n.is_low = 1 then n.last_day + 30 end as due_on,
       cast(null as integer) as lapses_on,
       c.day as recheck_on,
       n.missing,
       n.name as say_medicine,
       n.first_day as say_first_on,
       n.fills as say_fills,
       n.last_day as say_last_fill_on,
       n.runs_out_on as say_runs_out_on
from answered n
join next_change c on c.patient_id = n.patient_id and c.subject = n.subject

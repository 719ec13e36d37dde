/* ---
title: Vaccines for adults
why: A vaccine given in time prevents what can no longer be treated well.
kind: gap
question: Has {patient} had this vaccine?
reason: "{given} of {doses} doses on record, the last one: {last_on}."
met: It is on record.
next_step: Offer the vaccine and book it.
missing:
  birth: "The day of birth is not exact enough to tell the age."
  day: "A dose is on record without its day."
  history: "No preventive history is on file; what was had before is asked first."
excluded:
  hospice: "{patient} is in hospice or palliative care."
  immune: "{patient} had the illness, so the vaccine is not asked for."
  bar: "A condition on record speaks against a live vaccine; it is the clinician's to decide."
  declined: "{patient} declined it; asked again {opens_on}."
authority: {name: "CDC, Advisory Committee on Immunization Practices", edition: "CDSi supporting data 4.64, November 2025",
            url: "https://www.cdc.gov/iis/cdsi/index.html", valid_from: 2007-06-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: book
harm: 1
folds_into: "screening:yearly"
family: knowledge/adult_vaccines.csv
whole: [born_from, start_months, until_years, risk_months, doses, best_2, wait_2, wait_3, wait_1_3, months_3, young_months, young_gap, repeat_months, harm]
needs: [person, given_vaccine, said_no, known_condition, hospice_care, future_appointment, no_preventive_history, calendar, value_set_code]
notes: >
  Waits are counted as CDC does: a dose up to four days early counts, and one that came too early starts the wait anew.
  Authority pages were not opened when this was written: editions are from the supporting data.
--- */
with
births as (
    select p.patient_id, p.age_low, p.age_high, c.year, c.month_index, c.day_of_month,
           case when p.birth_from_day = p.birth_to_day then 'exact' else 'vague' end as birth
    from person p
    join calendar c on c.calendar_id = 1 and c.day = p.birth_to_day
    where p.age_low >= 19
),
doses as (
    select f.rule_id, g.patient_id, g.id, g.given_to_day as day, c.month_index, c.day_of_month,
           case when t.code is not null then 'two' end as kind
    from given_vaccine g
    join value_set_code v on v.code = g.code
    join family f on f.given_set = v.value_set
    left join value_set_code t on t.code = g.code and t.value_set = f.two_dose_set
    left join calendar c on c.calendar_id = 1 and c.day = g.given_to_day
),
firsts as (
    select rule_id, patient_id, min(day) as first_day, max(day) as last_day,
           count(case when day is null then id end) as undated,
           count(case when kind = 'two' then id end) as two
    from doses
    group by rule_id, patient_id
),
seconds as (
    select d.rule_id, d.patient_id, min(d.day) as second_day
    from doses d
    join firsts o on o.rule_id = d.rule_id and o.patient_id = d.patient_id
    join family f on f.rule_id = d.rule_id
    where d.day >= o.first_day + f.wait_2 - 4
    group by d.rule_id, d.patient_id
),
-- the third dose: so long after the second, and so many months after the first
first_months as (
    select distinct d.rule_id, d.patient_id, d.month_index as first_month,
           m.day - 1 + case when d.day_of_month > m.days_in_month then m.days_in_month else d.day_of_month end as third_from
    from doses d
    join firsts o on o.rule_id = d.rule_id and o.patient_id = d.patient_id and o.first_day = d.day
    join family f on f.rule_id = d.rule_id
    join calendar m on m.calendar_id = 1 and m.month_index = d.month_index + f.months_3 and m.day_of_month = 1
),
thirds as (
    select d.rule_id, d.patient_id, min(d.day) as third_day
    from doses d
    join seconds s on s.rule_id = d.rule_id and s.patient_id = d.patient_id
    join firsts o on o.rule_id = d.rule_id and o.patient_id = d.patient_id
    join family f on f.rule_id = d.rule_id
    where d.day >= s.second_day + f.wait_3 - 4
      and d.day >= o.first_day + f.wait_1_3 - 4
    group by d.rule_id, d.patient_id
),
repeats as (
    select distinct d.rule_id, d.patient_id, m.day - 1 + case when d.day_of_month > m.days_in_month
                                                     then m.days_in_month else d.day_of_month end as again_day
    from doses d
    join firsts o on o.rule_id = d.rule_id and o.patient_id = d.patient_id and o.last_day = d.day
    join family f on f.rule_id = d.rule_id
    join calendar m on m.calendar_id = 1 and m.month_index = d.month_index + f.repeat_months and m.day_of_month = 1
),
-- two doses are enough of some products, and when the first came early in life and the second long after it
two_enough as (
    select d.rule_id, d.patient_id
    from doses d
    join firsts o on o.rule_id = d.rule_id and o.patient_id = d.patient_id
    join family f on f.rule_id = d.rule_id
    join births b on b.patient_id = d.patient_id
    join first_months m on m.rule_id = d.rule_id and m.patient_id = d.patient_id
    where d.day >= o.first_day + f.young_gap and m.first_month - b.month_index < f.young_months
    union
    select s.rule_id, s.patient_id
    from seconds s
    join firsts o on o.rule_id = s.rule_id and o.patient_id = s.patient_id
    where o.two >= 2
),
-- an older kind of vaccine does not count, but the new one waits for it
older as (
    select f.rule_id, g.patient_id, max(g.given_to_day + f.best_2) as free_day
    from given_vaccine g
    join value_set_code v on v.code = g.code
    join family f on f.older_set = v.value_set
    group by f.rule_id, g.patient_id
),
-- one look at the illnesses: had already, a bar, or a risk for which the vaccine is given earlier, later or at all
known as (
    select f.rule_id, c.patient_id, c.id,
           case when v.value_set = f.immune_set then 'immune' when v.value_set = f.bar_set then 'bar' else 'risk' end as what
    from known_condition c
    join value_set_code v on v.code = c.code
    join family f on v.value_set = f.immune_set or c.is_active = 1 and v.value_set in (f.bar_set, f.risk_set)
),
members as (
    select f.rule_id, f.subject, b.patient_id, f.doses, f.best_2, f.wait_3, b.birth, o.first_day, o.last_day, o.undated,
           s.second_day, t.third_day, m.third_from, r.again_day, e.rule_id as enough, w.free_day,
           z.day - 1 + case when b.day_of_month > z.days_in_month then z.days_in_month else b.day_of_month end as start_day,
           case when f.until_years is null or b.age_low < f.until_years or k.patient_id is not null then 'yes'
                else 'no' end as young_enough
    from births b
    join family f on f.born_from is null or b.year >= f.born_from
    left join (select distinct rule_id, patient_id from known where what = 'risk') k
        on k.rule_id = f.rule_id and k.patient_id = b.patient_id
    join calendar z on z.calendar_id = 1 and z.day_of_month = 1
        and z.month_index = b.month_index + case when k.patient_id is not null then f.risk_months else f.start_months end
    left join firsts o on o.rule_id = f.rule_id and o.patient_id = b.patient_id
    left join seconds s on s.rule_id = f.rule_id and s.patient_id = b.patient_id
    left join thirds t on t.rule_id = f.rule_id and t.patient_id = b.patient_id
    left join first_months m on m.rule_id = f.rule_id and m.patient_id = b.patient_id
    left join repeats r on r.rule_id = f.rule_id and r.patient_id = b.patient_id
    left join older w on w.rule_id = f.rule_id and w.patient_id = b.patient_id
    left join two_enough e on e.rule_id = f.rule_id and e.patient_id = b.patient_id
),
counted as (
    select m.rule_id, m.subject, m.patient_id, m.doses, m.birth, m.last_day, m.undated, m.start_day,
           case when m.enough is not null or m.third_day is not null then m.doses
                when m.second_day is not null then 2
                when m.first_day is not null then 1
                else 0 end as given,
           case when m.enough is not null or m.third_day is not null then null
                when m.second_day is not null and m.doses = 3
                    then case when m.last_day + m.wait_3 > m.third_from then m.last_day + m.wait_3 else m.third_from end
                when m.second_day is not null then m.again_day
                when m.first_day is null then case when m.free_day > m.start_day then m.free_day else m.start_day end
                when m.doses >= 2 then m.last_day + m.best_2
                else m.again_day end as next_day,
           case when m.first_day is null and m.undated is null then m.young_enough else 'yes' end as is_asked
    from members m
),
declined as (
    select f.rule_id, n.patient_id, n.day, n.fact_table, n.fact_id
    from said_no n
    join value_set_code v on v.code = n.code
    join family f on f.given_set = v.value_set
    cross join as_of a
    where n.day + 365 > a.day
),
booked as (
    select f.rule_id, b.patient_id, b.id, b.start_to_day + 1 as free_day
    from future_appointment b
    join value_set_code v on v.code = b.code
    join family f on f.given_set = v.value_set
    where b.status = 'booked'
),
-- looked up once, told twice
in_hospice as (
    select h.patient_id, h.fact_table, h.fact_id
    from hospice_care h
),
judged as (
    select c.rule_id, c.subject, c.patient_id, c.doses, c.given, c.last_day, c.birth, c.next_day,
           d.until_day, k.free_day,
           case when h.patient_id is not null then 'hospice'
                when c.next_day is null then 'met'
                when i.patient_id is not null then 'immune'
                when b.patient_id is not null then 'bar'
                when d.until_day is not null then 'declined'
                when c.undated > 0 then 'day'
                when c.birth = 'vague' and c.given = 0 then 'birth'
                when c.next_day > a.day then 'met'
                when n.patient_id is not null then 'history'
                else 'due' end as verdict
    from counted c
    cross join as_of a
    left join (select distinct rule_id, patient_id from known where what = 'immune') i on i.rule_id = c.rule_id and i.patient_id = c.patient_id
    left join (select distinct rule_id, patient_id from known where what = 'bar') b on b.rule_id = c.rule_id and b.patient_id = c.patient_id
    left join (select rule_id, patient_id, max(day) + 365 as until_day from declined group by rule_id, patient_id) d
        on d.rule_id = c.rule_id and d.patient_id = c.patient_id
    left join (select rule_id, patient_id, min(free_day) as free_day from booked group by rule_id, patient_id) k
        on k.rule_id = c.rule_id and k.patient_id = c.patient_id
    left join (select distinct patient_id from in_hospice) h on h.patient_id = c.patient_id
    left join no_preventive_history n on n.patient_id = c.patient_id
    where c.is_asked = 'yes' and (c.start_day <= a.day + 90 or c.given > 0)
),
dated as (
    select j.rule_id, j.subject, j.patient_id, j.doses, j.given, j.last_day, j.verdict, j.birth,
           case when j.verdict = 'declined' then j.until_day
                when j.verdict in ('hospice', 'immune', 'bar') then null
                when j.free_day > j.next_day then j.free_day
                else j.next_day end as open_day
    from judged j
),
evidence as (
    select j.rule_id, j.patient_id, j.subject, 'immunization' as fact_table, d.id as fact_id, 'dose' as role
    from judged j
    join doses d on d.rule_id = j.rule_id and d.patient_id = j.patient_id
    union all
    select j.rule_id, j.patient_id, j.subject, 'condition' as fact_table, h.id as fact_id,
           case h.what when 'immune' then 'had the illness' when 'bar' then 'speaks against it' else 'raises the risk' end as role
    from judged j
    join known h on h.rule_id = j.rule_id and h.patient_id = j.patient_id
    union all
    select j.rule_id, j.patient_id, j.subject, d.fact_table, d.fact_id, 'declined' as role
    from judged j
    join declined d on d.rule_id = j.rule_id and d.patient_id = j.patient_id
    union all
    select j.rule_id, j.patient_id, j.subject, 'appointment' as fact_table, k.id as fact_id, 'booked' as role
    from judged j
    join booked k on k.rule_id = j.rule_id and k.patient_id = j.patient_id
    union all
    select j.rule_id, j.patient_id, j.subject, h.fact_table, h.fact_id, 'exclusion' as role
    from judged j
    join in_hospice h on h.patient_id = j.patient_id
)
select d.rule_id, d.patient_id, d.subject,
       case d.verdict when 'met' then 'MET' when 'due' then 'DUE' when 'day' then 'UNKNOWN' when 'birth' then 'UNKNOWN'
                      when 'history' then 'UNKNOWN'
                      else 'EXCLUDED' end as status,
       d.open_day as opens_on, d.open_day + 90 as due_on, cast(null as bigint) as lapses_on,
       case when d.birth = 'vague' then a.day + 1
            when d.open_day > a.day and d.open_day < a.day + 90 then d.open_day
            else a.day + 90 end as recheck_on,
       case when d.verdict in ('met', 'due') then null else d.verdict end as missing,
       d.given as say_given, d.doses as say_doses, d.last_day as say_last_on
from dated d
cross join as_of a

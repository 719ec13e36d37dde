/* ---
title: Controlled medicine needs a new prescription
why: The law allows no refill of some medicines and only half a year of others; nobody may fill early, so a late prescription is a gap.
kind: deadline
question: Will a new prescription for {medicine} be at the pharmacy by {earliest_on}?
reason: "{medicine} lasts until {runs_out_on}; {law}. The pharmacy may fill it from about {earliest_on}, not before."
met: "{medicine} lasts until {runs_out_on}; {met_by}."
next_step: Ask {prescriber} to send a new prescription, to be filled from {earliest_on}
authority:
  name: "21 CFR 1306.12 (schedule II: no refills) and 1306.22 (schedules III and IV: five refills within six months); two days early is a common limit of insurers"
  edition: "2025"
  url: https://www.ecfr.gov/current/title-21/chapter-II/part-1306
  valid_from: 2014-10-06
notes: The regulation was not opened while this was written; states may be stricter.
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: refill
harm: 4
needs: [medicine_supply, medicine, controlled_ingredient, calendar, as_of]
--- */
-- Schedule 2: a new prescription for every fill. Schedules 3 and 4: a prescription older than six months on the day the
-- supply ends cannot be filled. Opens a week before the supply ends, due two days before. A prescription written since the
-- last fill makes it MET. Nothing is said ninety days after the supply ended.
with controlled as (
    select s.patient_id, s.subject, s.name, s.id, s.last_fill_id, s.last_from_day, s.authored_from_day, s.runs_out_on,
           s.prescriber_name, min(k.schedule) as schedule
    from medicine_supply s
    join medicine m on m.code = s.code
    join controlled_ingredient k on k.ingredient = m.ingredient
    cross join as_of a
    where s.last_from_day = s.last_to_day and s.runs_out_on > a.day - 90
    group by s.patient_id, s.subject, s.name, s.id, s.last_fill_id, s.last_from_day, s.authored_from_day, s.runs_out_on,
             s.prescriber_name
),
-- six months after the prescription was written
dated as (
    select c.patient_id, c.subject, c.name, c.id, c.last_fill_id, c.last_from_day, c.authored_from_day, c.runs_out_on,
           c.prescriber_name, c.schedule,
           later.day - 1 + case when born.day_of_month > later.days_in_month then later.days_in_month
                                else born.day_of_month end as lapses_on
    from controlled c
    left join calendar born on born.calendar_id = 1 and born.day = c.authored_from_day
    left join calendar later on later.calendar_id = 1 and later.month_index = born.month_index + 6 and later.day_of_month = 1
),
judged as (
    select d.patient_id, d.subject, d.name, d.id, d.last_fill_id, d.runs_out_on, d.prescriber_name, d.schedule,
           case when d.schedule = 2 and d.authored_from_day > d.last_from_day then 1 else 0 end as is_written
    from dated d
    where d.schedule = 2 or (d.schedule < 5 and d.lapses_on < d.runs_out_on)
),
change as (
    select patient_id, subject, runs_out_on - 7 as day from judged
    union all
    select patient_id, subject, runs_out_on + 90 from judged
    union all
    select j.patient_id, j.subject, a.day + 90 from judged j cross join as_of a
),
next_change as (
    select c.patient_id, c.subject, min(c.day) as day
    from change c
    cross join as_of a
    where c.day > a.day
    group by c.patient_id, c.subject
),
evidence as (
    select patient_id, subject, 'medication_request' as fact_table, id as fact_id, 'prescription' as role from judged
    union all
    select patient_id, subject, 'medication_dispense', last_fill_id, 'last fill' from judged
)
select j.patient_id, j.subject,
       case when j.is_written = 1 then 'MET'
            when j.runs_out_on - 7 <= a.day then 'DUE'
            else 'MET' end as status,
       j.runs_out_on - 7 as opens_on,
       j.runs_out_on - 2 as due_on,
       cast(null as integer) as lapses_on,
       n.day as recheck_on,
       cast(null as varchar(20)) as missing,
       j.name as say_medicine,
       j.runs_out_on as say_runs_out_on,
       j.runs_out_on - 2 as say_earliest_on,
       coalesce(nullif(j.prescriber_name, ''), 'the prescriber') as say_prescriber,
       case when j.schedule = 2 then 'every fill of it needs a new prescription'
            else 'its prescription will be more than six months old by then' end as say_law,
       case when j.is_written = 1 then 'a prescription was written since the last fill'
            else 'it is too early to ask' end as say_met_by
from judged j
join next_change n on n.patient_id = j.patient_id and n.subject = j.subject
cross join as_of a

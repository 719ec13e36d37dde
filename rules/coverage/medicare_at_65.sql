/* ---
title: Medicare at 65
why: Who misses the seven months around the 65th birthday may pay more for life and wait for cover.
kind: deadline
question: Has {patient} signed up for Medicare?
reason: "Sign-up is open from {opens_on} to {last_on}. Signed up before {month_on}, cover starts that day; signed up later, on the first of the month after."
met: "{patient} has Medicare, or it was talked about."
next_step: Help sign up with Social Security, online or at 1-800-772-1213, or note why it can wait.
missing:
  birth: "The day of birth is not exact enough to tell the months."
  exact_day: "The day of birth, or until when an insurance lasts, is known only by its month. Ask the person."
excluded:
  work: "{patient} is insured through work and may wait until that ends."
authority: {name: "Social Security Administration, Medicare initial enrolment period: three months before to three months after the month of the 65th birthday (a birthday on the first counts as the month before)", edition: "2024",
            url: "https://www.ssa.gov/medicare/sign-up", valid_from: 2023-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
step_kind: call
harm: 4
needs: [person, coverage, said_no, contact_made, calendar, value_set_code]
--- */
with
-- Medicare counts the month of the day before the birthday
born as (
    select p.patient_id, b.month_index + 780 - case when b.day_of_month = 1 then 1 else 0 end as month_index,
           case when p.birth_from_day = p.birth_to_day then 'exact' else 'vague' end as birth
    from person p
    join calendar b on b.calendar_id = 1 and b.day = p.birth_to_day
    where p.age_high >= 64 and p.age_low <= 65
),
windows as (
    select b.patient_id, b.birth, opens.day as open_day, months.day as month_day, closes.day - 1 as last_day
    from born b
    join calendar opens on opens.calendar_id = 1 and opens.month_index = b.month_index - 3 and opens.day_of_month = 1
    join calendar months on months.calendar_id = 1 and months.month_index = b.month_index and months.day_of_month = 1
    join calendar closes on closes.calendar_id = 1 and closes.month_index = b.month_index + 4 and closes.day_of_month = 1
    cross join as_of a
    where opens.day - 60 <= a.day and closes.day > a.day
),
plans as (
    select w.patient_id, v.id, count(case when k.value_set = 'plan_any_medicare' then v.id end) as medicare_count
    from windows w
    join coverage v on v.patient_id = w.patient_id
    join value_set_code k on k.code = v.code and k.value_set in ('plan_any_medicare', 'plan_employer')
    cross join as_of a
    where v.status = 'active' and v.same_as = v.id and coalesce(v.end_to_day, a.day) >= a.day
    group by w.patient_id, v.id
),
talked as (
    select w.patient_id, max(c.id) as fact_id
    from windows w
    join contact_made c on c.patient_id = w.patient_id
    join value_set_code k on k.code = c.topic and k.value_set = 'work_enrolment'
    where c.sent_from_day >= w.open_day - 60
    group by w.patient_id
),
judged as (
    select w.patient_id, w.open_day, w.month_day, w.last_day, t.fact_id as talk_id,
           case when w.birth = 'vague' then 'birth' when p.medicares > 0 or t.fact_id is not null then 'met'
                when p.patient_id is not null then 'work' else 'due' end as verdict
    from windows w
    left join talked t on t.patient_id = w.patient_id
    left join (select patient_id, sum(medicare_count) as medicares from plans group by patient_id) p on p.patient_id = w.patient_id
),
evidence as (
    select j.patient_id, 'enrolment:medicare' as subject, 'coverage' as fact_table, p.id as fact_id, 'insurance' as role
    from judged j
    join plans p on p.patient_id = j.patient_id
    union all
    select j.patient_id, 'enrolment:medicare' as subject, 'communication' as fact_table, j.talk_id as fact_id, 'talked about' as role
    from judged j
    where j.talk_id is not null
)
select j.patient_id, 'enrolment:medicare' as subject,
       case j.verdict when 'birth' then 'UNKNOWN' when 'met' then 'MET' when 'work' then 'EXCLUDED' else 'DUE' end as status,
       j.open_day as opens_on, j.month_day - 1 as due_on, j.last_day + 1 as lapses_on,
       case when j.last_day + 1 < a.day + 90 then j.last_day + 1 else a.day + 90 end as recheck_on,
       case j.verdict when 'birth' then 'birth' when 'work' then 'work' end as missing,
       j.month_day as say_month_on, j.last_day as say_last_on
from judged j
cross join as_of a

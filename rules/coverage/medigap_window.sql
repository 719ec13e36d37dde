/* ---
title: Time to buy a Medigap policy
why: For six months every insurer must sell one, at the price of the healthy; later it may refuse or charge more for life.
kind: deadline
question: Does {patient} want a Medigap policy while no insurer may refuse?
reason: "Medicare since {since_on}: until {last_on} every insurer must sell a Medigap policy whatever the health; after that it may refuse or ask more."
met: "{patient} has a Medigap policy, or it was talked about."
next_step: Offer a comparison with the free counselors of SHIP, or at Medicare.gov; note what was decided.
missing:
  since: "The day on which Medicare began is not known exactly enough to tell the six months. Look at the Medicare card: Part B counts."
  birth: "The day of birth is not exact enough to tell the month of the 65th birthday."
excluded:
  declined: "{patient} does not want a Medigap policy."
  advantage: "{patient} has a Medicare Advantage plan, which a Medigap policy does not add to."
  medicaid: "Medicaid pays what Medicare leaves; a Medigap policy would add nothing."
  work: "{patient} is insured through work as well; the six months begin with Part B, and Part B can wait until that ends."
authority: {name: "CMS, Choosing a Medigap Policy: six months from the first month with Part B at 65 or older", edition: "2026",
            url: "https://www.medicare.gov/health-drug-plans/medigap/ready-to-buy", valid_from: 1992-01-01}
author: Beforehand founders
clinical_review: {by: null, on: null}
notes: The page was not opened while this was written. A record names the day of Medicare, seldom that of Part B; the card says it.
step_kind: call
harm: 2
needs: [person, current_coverage, contact_made, said_no, calendar, value_set_code]
--- */
-- People with Original Medicare in force. The window opens in the month Medicare began, or the month of the 65th birthday
-- where that is later (a birthday on the first counts as the month before), and lasts six months.
with
medicare as (
    select p.patient_id, min(c.id) as coverage_id, min(c.start_from_day) as from_day, min(c.start_to_day) as to_day,
           count(c.id) as cards, count(c.start_from_day) as dated
    from person p
    join current_coverage c on c.patient_id = p.patient_id
    join value_set_code v on v.code = c.code and v.value_set = 'plan_medicare'
    where p.age_high >= 64
    group by p.patient_id
),
-- the month each may have begun in, first and last; Medicare counts the month of the day before the birthday
months as (
    select m.patient_id, m.coverage_id, m.from_day, m.cards - m.dated as undated, b.month_index as first_index, e.month_index as last_index,
           y.month_index + 780 - case when y.day_of_month = 1 then 1 else 0 end as young_index,
           z.month_index + 780 - case when z.day_of_month = 1 then 1 else 0 end as old_index
    from medicare m
    join person p on p.patient_id = m.patient_id
    left join calendar b on b.calendar_id = 1 and b.day = m.from_day
    left join calendar e on e.calendar_id = 1 and e.day = m.to_day
    join calendar y on y.calendar_id = 1 and y.day = p.birth_from_day
    join calendar z on z.calendar_id = 1 and z.day = p.birth_to_day
),
begun as (
    select patient_id, coverage_id, from_day, undated,
           case when first_index > young_index then first_index else young_index end as early_index,
           case when last_index > old_index then last_index else old_index end as late_index,
           case when first_index is null then 'since'
                when first_index <> last_index and last_index > young_index then 'since'
                when young_index <> old_index and old_index > first_index then 'birth' end as unsure
    from months
),
windows as (
    select b.patient_id, b.coverage_id, b.from_day, b.unsure, opens.day as open_day, closes.day - 1 as last_day
    from begun b
    join calendar opens on opens.calendar_id = 1 and opens.month_index = b.early_index and opens.day_of_month = 1
    join calendar closes on closes.calendar_id = 1 and closes.month_index = b.late_index + 6 and closes.day_of_month = 1
    cross join as_of a
    where b.undated = 0 and opens.day <= a.day and closes.day > a.day
),
others as (
    select w.patient_id, v.value_set, min(c.id) as coverage_id
    from windows w
    join current_coverage c on c.patient_id = w.patient_id
    join value_set_code v on v.code = c.code and v.value_set in ('plan_medigap', 'plan_medicare_advantage', 'plan_medicaid', 'plan_employer')
    group by w.patient_id, v.value_set
),
talked as (
    select w.patient_id, max(c.id) as fact_id
    from windows w
    join contact_made c on c.patient_id = w.patient_id and c.sent_from_day >= w.open_day
    join value_set_code v on v.code = c.topic and v.value_set = 'work_enrolment'
    group by w.patient_id
),
declined as (
    select w.patient_id, max(n.fact_id) as fact_id
    from windows w
    join said_no n on n.patient_id = w.patient_id and n.about_id = w.coverage_id
    where n.fact_table = 'communication' and n.day >= w.open_day
    group by w.patient_id
),
judged as (
    select w.patient_id, w.coverage_id, w.from_day, w.open_day, w.last_day, t.fact_id as talk_id, d.fact_id as no_id,
           case when g.coverage_id is not null or t.fact_id is not null then 'met'
                when d.fact_id is not null then 'declined'
                when x.coverage_id is not null then 'advantage'
                when m.coverage_id is not null then 'medicaid'
                when e.coverage_id is not null then 'work'
                else coalesce(w.unsure, 'due') end as verdict
    from windows w
    left join others g on g.patient_id = w.patient_id and g.value_set = 'plan_medigap'
    left join others x on x.patient_id = w.patient_id and x.value_set = 'plan_medicare_advantage'
    left join others m on m.patient_id = w.patient_id and m.value_set = 'plan_medicaid'
    left join others e on e.patient_id = w.patient_id and e.value_set = 'plan_employer'
    left join talked t on t.patient_id = w.patient_id
    left join declined d on d.patient_id = w.patient_id
),
evidence as (
    select patient_id, 'enrolment:medigap' as subject, 'coverage' as fact_table, coverage_id as fact_id, 'Medicare' as role from judged
    union all
    select patient_id, 'enrolment:medigap', 'coverage', coverage_id, 'other insurance' from others
    union all
    select patient_id, 'enrolment:medigap', 'communication', coalesce(no_id, talk_id), 'talked about'
    from judged where no_id is not null or talk_id is not null
)
select j.patient_id, 'enrolment:medigap' as subject,
       case j.verdict when 'met' then 'MET' when 'due' then 'DUE'
                      when 'since' then 'UNKNOWN' when 'birth' then 'UNKNOWN' else 'EXCLUDED' end as status,
       j.open_day as opens_on, j.last_day as due_on, j.last_day + 1 as lapses_on,
       case when j.last_day + 1 < a.day + 90 then j.last_day + 1 else a.day + 90 end as recheck_on,
       case j.verdict when 'declined' then 'declined' when 'advantage' then 'advantage' when 'medicaid' then 'medicaid'
                      when 'work' then 'work' when 'since' then 'since' when 'birth' then 'birth' end as missing,
       j.from_day as say_since_on, j.last_day as say_last_on
from judged j
cross join as_of a

-- What lets others see the record or speak for a living person and ends between 30 days before as_of and 60 after, with
-- nothing to follow it: kind 'consent' or 'proxy'. talk_id is the talk about it since 60 days before its end, no_id the no.
with ending as (
    select n.patient_id, 'consent' as kind, 'consent' as fact_table, n.id, coalesce(w.words, 'to share the record') as what,
           n.end_from_day as from_day, n.end_to_day as to_day
    from consent n
    join person p on p.patient_id = n.patient_id
    cross join as_of a
    left join concept_words w on w.code = n.scope
    where n.same_as = n.id and n.status = 'active' and coalesce(n.decision, 'permit') = 'permit'
      and n.end_to_day between a.day - 30 and a.day + 60
      and not exists (select 1 from consent o
                      where o.patient_id = n.patient_id and o.id <> n.id and o.scope = n.scope and o.same_as = o.id
                        and o.status = 'active'
                        and coalesce(o.decision, 'permit') = 'permit' and (o.end_to_day is null or o.end_to_day > a.day + 60))
    union all
    select r.patient_id, 'proxy' as kind, 'related_person' as fact_table, r.id, coalesce(r.name, 'The proxy') as what,
           r.end_from_day as from_day, r.end_to_day as to_day
    from related_person r
    join person p on p.patient_id = r.patient_id
    join value_set_code v on v.code = r.relationship and v.value_set = 'healthcare_proxy'
    cross join as_of a
    where r.same_as = r.id and coalesce(r.is_active, 1) = 1 and r.end_to_day between a.day - 30 and a.day + 60
      and not exists (select 1 from related_person n
                      join value_set_code k on k.code = n.relationship and k.value_set = 'healthcare_proxy'
                      where n.patient_id = r.patient_id and n.id <> r.id and n.same_as = n.id and coalesce(n.is_active, 1) = 1
                        and (n.end_to_day is null or n.end_to_day > a.day + 60))
),
talked as (
    select c.patient_id, c.about_id, max(c.sent_from_day) as day, max(c.id) as fact_id
    from contact_made c
    group by c.patient_id, c.about_id
),
declined as (
    select n.patient_id, n.about_id, max(n.fact_id) as fact_id
    from said_no n
    where n.fact_table = 'communication'
    group by n.patient_id, n.about_id
)
select e.patient_id, e.kind, e.kind || ':' || cast(e.id as varchar(20)) as subject, e.fact_table, e.id as fact_id, e.what,
       e.from_day, e.to_day, t.fact_id as talk_id, d.fact_id as no_id
from ending e
left join talked t on t.patient_id = e.patient_id and t.about_id = e.id and t.day >= e.to_day - 60
left join declined d on d.patient_id = e.patient_id and d.about_id = e.id

-- How long what was fetched of a regular medicine lasts: one row for each standing order with at least one fill.
-- Every fill adds its days to what was left of the one before (overlap moves forward); of different products fetched on
-- one day, which are taken together, the longest counts. runs_out_on is the first day without any. last_* is the newest
-- fill; its days come from the order when the fill does not say. refills_left counts fills since the order was written;
-- empty when the order does not say. Short courses (less than 28 days without
-- refills, when what was fetched before had ended more than 30 days earlier) are left out, and so are orders
-- written more than 120 days after the last fill: those begin anew (never_filled).
select c.patient_id, c.subject, c.name, c.id, c.code, c.refills, c.authored_from_day, c.valid_until_to_day,
       c.prescriber_id, c.prescriber_name, count(*) as fills,
       c.refills + 1 - sum(c.is_on_this_order) as refills_left,
       max(c.filled_from_day + c.days_from_here) as runs_out_on,
       max(case when c.place = 1 then c.fill_id end) as last_fill_id,
       max(case when c.place = 1 then c.filled_from_day end) as last_from_day,
       max(case when c.place = 1 then c.filled_to_day end) as last_to_day,
       max(case when c.place = 1 then c.days end) as last_days,
       max(case when c.place = 1 then c.is_mail_order end) as is_by_mail,
       min(c.filled_from_day) as first_from_day
from (
    select w.patient_id, w.subject, w.name, w.id, w.code, w.refills, w.authored_from_day, w.valid_until_to_day,
           w.prescriber_id, w.prescriber_name, w.fill_id, w.filled_from_day, w.filled_to_day, w.is_mail_order, w.days,
           max(w.filled_from_day) over (partition by w.patient_id, w.subject) as newest_day,
           case when w.filled_from_day >= w.authored_from_day then 1 else 0 end as is_on_this_order,
           row_number() over (partition by w.patient_id, w.subject
                              order by w.filled_from_day desc nulls first, w.fill_id desc nulls last) as place,
           sum(case when w.product = w.longest_product then w.days else 0 end) over (
               partition by w.patient_id, w.subject order by w.filled_from_day desc nulls first, w.fill_id desc nulls last
               rows between unbounded preceding and current row) as days_from_here
    from (
        select x.patient_id, x.subject, x.name, x.id, x.code, x.refills, x.authored_from_day, x.valid_until_to_day,
               x.prescriber_id, x.prescriber_name, f.id as fill_id, f.code as product, f.filled_from_day,
               f.filled_to_day, f.is_mail_order, coalesce(f.days_supply, x.days_supply) as days,
               first_value(f.code) over (
                   partition by f.patient_id, x.subject, f.filled_from_day
                   order by coalesce(f.days_supply, x.days_supply) desc nulls last, f.id desc nulls last) as longest_product
        from standing_order x
        join completed_fill f on f.patient_id = x.patient_id
        join medicine_name n on n.code = f.code and n.subject = x.subject
    ) w
) c
group by c.patient_id, c.subject, c.name, c.id, c.code, c.refills, c.authored_from_day, c.valid_until_to_day,
         c.prescriber_id, c.prescriber_name
having (c.refills > 0 or max(case when c.place = 1 then c.days end) is null
        or max(case when c.place = 1 then c.days end) > 27
        or max(case when c.filled_from_day < c.newest_day then c.filled_from_day + c.days end) >= max(c.newest_day) - 30)
   and (c.authored_from_day is null or max(c.newest_day) >= c.authored_from_day - 120)

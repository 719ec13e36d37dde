"""Counters of messages beside the rows they count."""

from __future__ import annotations

from beforehand.record.store.rows import change, fetch


def move_to_refused(message: int) -> None:
    """One quarantined item of a message was refused."""
    change("update message set quarantined = quarantined - 1, refused = refused + 1 where id = %s", [message])


def messages_out_of_balance() -> list[int]:
    """Applied messages whose counters do not add up."""
    return [
        row[0]
        for row in fetch(
            "select id from message where state = 'APPLIED'"
            " and received <> applied + quarantined + refused + duplicates order by id"
        )
    ]


def messages_unlike_their_items() -> list[int]:
    """Applied messages whose item rows do not match their counters."""
    return [
        row[0]
        for row in fetch(
            "select m.id from message m left join (select message_id, count(*) as total,"
            " sum(case when outcome = 'APPLIED' then 1 else 0 end) as applied,"
            " sum(case when outcome = 'QUARANTINED' then 1 else 0 end) as quarantined"
            " from item group by message_id) i on i.message_id = m.id"
            " where m.state = 'APPLIED' and m.duplicates < m.received and (coalesce(i.total, 0) <> m.received"
            " or coalesce(i.applied, 0) <> m.applied or coalesce(i.quarantined, 0) <> m.quarantined) order by m.id"
        )
    ]

"""Counters of messages beside the rows they count."""

from __future__ import annotations

from collections.abc import Collection

from beforehand.record.store.rows import among, change, fetch, listed

Fate = tuple[str, str]  # outcome, version state


def fates_of(units: Collection[tuple[int, int]]) -> list[tuple[tuple[int, int], int, Fate]]:
    """What became of every item of these units (message, unit): unit, item, fate."""
    if not units:
        return []
    rows = fetch(
        "select u.message_id, u.unit, i.id, i.outcome, i.version_state from item_unit u join item i on i.id = u.item_id"
        f" where {among('u.message_id')}",
        [listed({message for message, _ in units})],
    )
    return [
        ((message, unit), item, (outcome, state))
        for message, unit, item, outcome, state in rows
        if (message, unit) in units
    ]


def having_a_unit(items: Collection[int]) -> set[int]:
    """Those of the items that are counted with others."""
    if not items:
        return set()
    return {row[0] for row in fetch(f"select item_id from item_unit where {among('item_id')}", [listed(items)])}


def unit_of(item: int) -> tuple[int, int] | None:
    """The message and unit an item is counted with; None when it counts by itself."""
    found = fetch("select message_id, unit from item_unit where item_id = %s", [item])
    return (int(found[0][0]), int(found[0][1])) if found else None


def move_to_refused(message: int, item: int) -> None:
    """One quarantined item of a message is refused; its unit follows when none of it is set aside or applied."""
    change("update item set outcome = 'REFUSED' where id = %s", [item])
    unit = unit_of(item)
    outcomes = {fate[0] for _, _, fate in fates_of([unit])} if unit else {"REFUSED"}
    if "QUARANTINED" in outcomes:
        return
    column = "applied" if "APPLIED" in outcomes else "refused"
    change(f"update message set quarantined = quarantined - 1, {column} = {column} + 1 where id = %s", [message])


def messages_out_of_balance() -> list[int]:
    """Applied messages whose counters do not add up."""
    return [
        row[0]
        for row in fetch(
            "select id from message where state = 'APPLIED'"
            " and received <> applied + quarantined + refused + duplicates order by id"
        )
    ]


# One row a unit: what its items say became of it. An item without a unit counts by itself, under a negative number.
_UNITS = (
    "select i.message_id as message_id,"
    " case when sum(case when i.outcome = 'QUARANTINED' then 1 else 0 end) > 0 then 'QUARANTINED'"
    " when sum(case when i.outcome = 'APPLIED' then 1 else 0 end) > 0 then 'APPLIED'"
    " when sum(case when i.outcome = 'REFUSED' then 1 else 0 end) > 0 then 'REFUSED' else 'DUPLICATE' end as outcome"
    " from item i left join item_unit u on u.item_id = i.id group by i.message_id, coalesce(u.unit, -1 - i.place)"
)
_COUNTED = ("applied", "quarantined", "refused", "duplicates")
_OUTCOMES = {"applied": "APPLIED", "quarantined": "QUARANTINED", "refused": "REFUSED", "duplicates": "DUPLICATE"}


def messages_unlike_their_items() -> list[int]:
    """Applied messages whose item rows do not match their counters."""
    sums = ", ".join(f"sum(case when outcome = '{_OUTCOMES[name]}' then 1 else 0 end) as {name}" for name in _COUNTED)
    unlike = " or ".join(f"coalesce(i.{name}, 0) <> m.{name}" for name in _COUNTED)
    return [
        row[0]
        for row in fetch(
            f"select m.id from message m left join (select message_id, count(*) as total, {sums} from ({_UNITS}) units"
            " group by message_id) i on i.message_id = m.id"
            " where m.state = 'APPLIED' and m.duplicates < m.received"
            f" and (coalesce(i.total, 0) <> m.received or {unlike}) order by m.id"
        )
    ]

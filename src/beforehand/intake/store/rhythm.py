"""In which hours each system was heard, counted by the database."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from beforehand.record.store.rows import fetch, is_postgres


def hours_heard(since: datetime, until: datetime) -> dict[int, list[int]]:
    """For each sending system the hours (since 1970, rising) in which anything of it was taken in."""
    hour = (
        "cast(floor(extract(epoch from m.received_at) / 3600) as bigint)"
        if is_postgres()
        else "cast(strftime('%%s', m.received_at) as integer) / 3600"
    )
    bounds = [since, until] if is_postgres() else [_text(since), _text(until)]
    rows = fetch(
        f"select m.source_id, {hour} as hour from message m join source s on s.id = m.source_id"
        " where s.kind = 'SYSTEM' and m.state <> 'REFUSED' and m.received_at > %s and m.received_at <= %s"
        " group by 1, 2 order by 1, 2",
        bounds,
    )
    found: dict[int, list[int]] = defaultdict(list)
    for source, number in rows:
        found[source].append(int(number))
    return dict(found)


def _text(moment: datetime) -> str:
    """A moment as SQLite keeps it, so that texts compare as times do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")

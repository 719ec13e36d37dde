"""What somebody saw when they opened a list, carried by the form itself: a list can be signed only as seen.

The words are signed with the installation's key, so that what comes back is what was shown, for this person and list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core import signing

from beforehand.care.medicines.lines import FILLED, LISTED, PRESCRIBED, SAID, Fact, Line, ListNow

_SALT = "a list as seen"
SORTS = (PRESCRIBED, FILLED, SAID, LISTED)


class NotSeenError(ValueError):
    """The form does not say what was seen, or says it of another list."""


@dataclass(frozen=True)
class SeenLine:
    """One line as it was shown: its name, and the newest fact of each sort in words."""

    key: str
    name: str
    seen: str
    words: Mapping[str, str]


@dataclass(frozen=True)
class Difference:
    """One line that is not as it was seen."""

    key: str
    what: str  # NEW, GONE, CHANGED
    name: str
    before: SeenLine | None
    now: SeenLine | None

    @property
    def both(self) -> list[tuple[str, str, str]]:
        """(sort, words then, words now) where they differ; all of them where none does."""
        then = self.before.words if self.before else {}
        now = self.now.words if self.now else {}
        every = [(sort, then.get(sort, ""), now.get(sort, "")) for sort in SORTS if sort in then or sort in now]
        return [row for row in every if row[1] != row[2]] or every


def fact_words(fact: Fact) -> str:
    """A fact in one line: what it says, its state, the day and who said so."""
    said = ", ".join(part for part in (fact.state, fact.words.rstrip(".")) if part)
    day = fact.day_words or "no date"
    return f"{said}; {day}, {fact.source}" if said else f"{day}, {fact.source}"


def seen_line(line: Line) -> SeenLine:
    """A line as it is shown."""
    newest = {sort: line.last(sort) for sort in SORTS}
    return SeenLine(
        line.key, line.name, line.seen, {sort: fact_words(fact) for sort, fact in newest.items() if fact is not None}
    )


def sealed(now: ListNow, *, user_id: int) -> str:
    """What is shown, for the form to carry."""
    lines = [[one.key, one.name, one.seen, dict(one.words)] for one in map(seen_line, now.current)]
    return signing.dumps([user_id, now.patient_id, now.kind, lines], salt=_SALT, compress=True)


def unsealed(text: str, now: ListNow, *, user_id: int) -> list[SeenLine]:
    """What was shown when the form was opened."""
    try:
        found: Any = signing.loads(text, salt=_SALT)
    except signing.BadSignature:
        found = None
    if not isinstance(found, list) or found[:3] != [user_id, now.patient_id, now.kind]:
        raise NotSeenError("the form does not say which list was seen: open the list again")
    return [SeenLine(key, name, seen, words) for key, name, seen, words in found[3]]


def differences(before: Iterable[SeenLine], now: Iterable[SeenLine]) -> list[Difference]:
    """What joined, left or changed between two looks at one list."""
    then, current = {line.key: line for line in before}, {line.key: line for line in now}
    found = [
        Difference(key, "CHANGED" if key in then else "NEW", line.name, then.get(key), line)
        for key, line in current.items()
        if key not in then or then[key].seen != line.seen
    ]
    found += [Difference(key, "GONE", line.name, line, None) for key, line in then.items() if key not in current]
    return sorted(found, key=lambda each: (each.name.casefold(), each.key))

"""Which person records could be one person, found by keys. Says what agrees, decides nothing (see ``identity``).

A fixed number of questions for each batch, however many people are known: the records that arrived are filed under
their keys, whoever else stands under one of them is read once, and each pair is compared in ``matching_compare``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from beforehand.record.matching_compare import Comparison, Person, agreeing, compare, reasons
from beforehand.record.matching_keys import EDITION, keys_of, number_key
from beforehand.record.matching_words import (
    standard_address,
    standard_identifier,
    standard_name,
    standard_phone,
)
from beforehand.record.store.rows import among, change, fetch, insert_rows, listed

CROWD = 40  # more records under one key say nothing: nobody is looked for under it
PEOPLE_PER_NUMBER = 3  # a number with more birth dates than this belongs to nobody
FILED = "match_keys"
CHUNK = 5_000
JANUARIES = (5, 0.02)  # a source with more people than this, and this share, born on 1 January knows only the year


@dataclass
class Pair:
    """Two person records and how they compare. Never their values."""

    left: int
    right: int
    found: Comparison = field(default_factory=Comparison)
    is_said: bool = False  # their source says that one replaces the other
    is_linked: bool = False  # by itself, before one of them changed

    @property
    def agrees(self) -> set[str]:
        """The kinds of field in which they agree."""
        return set(agreeing(self.found))

    @property
    def is_certain(self) -> bool:
        """Identifier, birth date and both names agree: what promise 5 asks for."""
        return self.found.is_certain

    @property
    def why(self) -> str:
        """What agrees and what does not, for people."""
        words = reasons(self.found)
        if self.is_linked:
            return f"linked by ourselves, but since then: {words}"
        return f"their source says that one replaces the other; {words}" if self.is_said else words


def pairs_with(records: Iterable[int]) -> list[Pair]:
    """Pairs of these records with any other that are certain or should be looked at. Files the records first."""
    wanted = sorted(set(records))
    if not wanted:
        return []
    file_all()
    people = people_of(wanted)
    filed = {record: keys_of(person) for record, person in people.items()}
    _file(filed)
    holders = _holders({key for keys in filed.values() for key in keys})
    others = {record for group in holders.values() for record in group} - people.keys()
    people |= people_of(others)
    shared = _shared_numbers(people, wanted, holders)
    pairs: dict[tuple[int, int], Pair] = {}
    for record in filed:
        near = {other for key in filed[record] for other in holders.get(key, ())} - {record}
        for other in near:
            low, high = min(record, other), max(record, other)
            if (low, high) not in pairs and low in people and high in people:
                pairs[low, high] = Pair(low, high, compare(people[low], people[high], shared=shared))
    vague = _sources_that_know_only_years(people, pairs.values())
    for pair in pairs.values():
        if pair.found.is_first_of_january and vague & {people[pair.left].source, people[pair.right].source}:
            del pair.found.levels["birth date"]
    return [pair for _, pair in sorted(pairs.items()) if pair.is_certain or pair.found.may_be_one]


def compared(pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Comparison]:
    """How given pairs of records compare now."""
    listed_pairs = list(pairs)
    people = people_of({record for pair in listed_pairs for record in pair})
    return {
        (left, right): compare(people[left], people[right])
        for left, right in listed_pairs
        if left in people and right in people
    }


# Filing.


def file_all() -> int:
    """File every record anew when keys are made another way than when they were filed; how many."""
    stored = fetch("select value from house_setting where name = %s", [FILED])
    if stored and str(stored[0][0]).strip('"') == str(EDITION):
        return 0
    change("delete from match_key")
    records = [row[0] for row in fetch("select id from person_record order by id")]
    for start in range(0, len(records), CHUNK):
        people = people_of(records[start : start + CHUNK])
        _file({record: keys_of(person) for record, person in people.items()}, is_new=True)
    change("delete from house_setting where name = %s", [FILED])
    insert_rows("house_setting", ["name", "value"], [(FILED, str(EDITION))])
    return len(records)


def _file(filed: dict[int, set[int]], *, is_new: bool = False) -> None:
    if not is_new:
        change(f"delete from match_key where {among('person_record_id')}", [listed(filed)])
    rows = ((record, key) for record, keys in filed.items() for key in sorted(keys))
    insert_rows("match_key", ["person_record_id", "key"], rows)


def _holders(keys: set[int]) -> dict[int, list[int]]:
    """The records under each key, of keys that are not crowded."""
    asked = listed(sorted(keys))
    counts = fetch(f"select key, count(*) from match_key where {among('key')} group by key", [asked])
    few = [key for key, count in counts if 1 < count <= CROWD]
    found: dict[int, list[int]] = {key: [] for key, count in counts if count > CROWD}
    for key, record in fetch(f"select key, person_record_id from match_key where {among('key')}", [listed(few)]):
        found.setdefault(key, []).append(record)
    return found


def _shared_numbers(
    people: dict[int, Person], wanted: Sequence[int], holders: dict[int, list[int]]
) -> frozenset[tuple[str, str]]:
    """(system, value) of numbers of these records that more people hold than one person could explain."""
    found: set[tuple[str, str]] = set()
    for record in wanted:
        for number in people[record].identifiers if record in people else ():
            held = holders.get(number_key(number.system, number.value))
            if not number.value or held is None:
                continue
            births = {people[other].known_birth for other in held if other in people} - {None}
            if not held or len(births) > PEOPLE_PER_NUMBER:
                found.add((number.system, number.value))
    return frozenset(found)


def _sources_that_know_only_years(people: dict[int, Person], pairs: Iterable[Pair]) -> set[int]:
    """Sources that write 1 January for whom they know only the year; asked only when a pair hangs on such a day."""
    asked = {
        people[record].source for pair in pairs if pair.found.is_first_of_january for record in (pair.left, pair.right)
    }
    if not asked:
        return set()
    days = [(date(year, 1, 1) - date(1970, 1, 1)).days for year in range(1900, 2100)]
    known = dict(
        fetch(
            f"select source_id, count(*) from person_record where {among('source_id')} and birth_day is not null"
            " group by source_id",
            [listed(sorted(asked))],
        )
    )
    firsts = fetch(
        f"select source_id, count(*) from person_record where {among('birth_day')} and {among('source_id')}"
        " group by source_id",
        [listed(days), listed(sorted(asked))],
    )
    least, share = JANUARIES
    return {source for source, count in firsts if count > least and count > share * known[source]}


# Reading.


def people_of(records: Iterable[int]) -> dict[int, Person]:
    """What these records say of who somebody is, standardised."""
    asked = listed(sorted(records))
    names: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    numbers: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    contacts: dict[int, list[tuple[str, str]]] = defaultdict(list)
    where = f"where {among('person_record_id')}"  # sorted here: SQLite would read the whole table in order
    for _, record, *name in sorted(
        fetch(f"select id, person_record_id, family, given, text from person_name {where}", [asked])
    ):
        names[record].append((name[0], name[1], name[2]))
    for _, record, *sent in sorted(
        fetch(f"select id, person_record_id, system, value, type from person_identifier {where}", [asked])
    ):
        numbers[record].append((sent[0], sent[1], sent[2]))
    for _, record, kind, value in sorted(
        fetch(f"select id, person_record_id, kind, value from person_contact {where}", [asked])
    ):
        contacts[record].append((kind, value))
    return {
        row[0]: person_from((row[0], row[1], row[2], row[3]), names[row[0]], numbers[row[0]], contacts[row[0]])
        for row in fetch(f"select id, source_id, birth_day, sex from person_record where {among('id')}", [asked])
    }


def person_from(
    head: tuple[int, int, int | None, str | None],
    names: Iterable[tuple[str, str, str]],
    identifiers: Iterable[tuple[str, str, str]],
    contacts: Sequence[tuple[str, str]],
) -> Person:
    """A record as sent, standardised: (record, source, birth day, sex), names, identifiers, contacts."""
    record, source, birth, sex = head
    return Person(
        record,
        source,
        birth,
        sex or "",
        tuple(dict.fromkeys(standard_name(*name) for name in names)),
        tuple(dict.fromkeys(filter(None, (standard_identifier(*number) for number in identifiers)))),
        frozenset(filter(None, (standard_phone(value) for kind, value in contacts if kind == "phone"))),
        frozenset(value.strip().casefold() for kind, value in contacts if kind == "email" and "@" in value),
        tuple(filter(None, dict.fromkeys(standard_address(value) for kind, value in contacts if kind == "address"))),
    )

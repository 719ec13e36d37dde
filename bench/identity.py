"""Two people are never joined by guess: links made by themselves, and what a person is asked to look at, against truth.

    python -m bench.identity [--quick] [--json] [--seed 1] [--data FOLDER] [--people N]

Our own people (``_identity_people``): 30,600 pairs of two people of nine kinds and 10,000 pairs of one, in one crowd,
through the record's own writing and linking on a database; then the shared set ``identity-matching``, each case by
itself against its 1,044 people; then the processor's time an arrival costs among 100,000 people. The control links on
the identifier alone, and must link falsely. Ends with 1 when anybody was linked falsely or too few were found.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import statistics
import sys
import tarfile
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "shared" / "data" / "identity-matching" / "recordlinker-shared.tar.gz"
if __name__ == "__main__":
    os.environ["BEFOREHAND_HOME"] = tempfile.mkdtemp(prefix="beforehand-identity-")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beforehand.config.settings")
    import django

    django.setup()

from django.apps import apps  # noqa: E402 - after the home
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402

from beforehand.intake.ledger import source_named  # noqa: E402
from beforehand.record.identity import link_arrivals  # noqa: E402
from beforehand.record.matching_compare import Comparison  # noqa: E402
from beforehand.record.models import LinkDecision, PossibleMatch  # noqa: E402
from beforehand.record.store.persons import PersonArrival, write_persons  # noqa: E402
from bench._identity_people import EPOCH, Drawn, Said, World, pairs  # noqa: E402

AT = datetime(2026, 11, 1, tzinfo=UTC)
BATCH = 500
RECALL = 0.97
COMING_BACK = 250  # people known already who arrive again one by one, to be timed; as many new ones between them
PARTS = ("control", "shared", "people", "cost")


@contextmanager
def identifier_alone() -> Iterator[None]:
    """The guard taken out: whoever shares an identifier is one person."""
    with patch.object(Comparison, "is_certain", property(lambda found: found.level("identifier") == "same")):
        yield


class Crowd:
    """People arriving, batch by batch, as intake lets them arrive."""

    def __init__(self) -> None:
        self.number = 0

    def arrive(self, source: str, people: Sequence[Said]) -> list[int]:
        """Write and link records of one source; their numbers."""
        number = int(source_named(source).pk)
        records: list[int] = []
        for start in range(0, len(people), BATCH):
            arrivals = []
            for said in people[start : start + BATCH]:
                self.number += 1
                arrivals.append(
                    PersonArrival(
                        self.number,
                        said.names(),
                        said.identifiers(source),
                        said.contacts(),
                        (said.born - EPOCH).days if said.born else None,
                        said.sex,
                    )
                )
            with transaction.atomic():
                write_persons(number, arrivals)
                link_arrivals([arrival.record_id for arrival in arrivals], arrivals, at=AT)
            records += [arrival.record_id for arrival in arrivals]
        return records


def linked_and_listed() -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Pairs of records linked by themselves, and pairs waiting for a person."""
    linked = set(LinkDecision.objects.filter(decision="LINK").values_list("left_record_id", "right_record_id"))
    waiting = PossibleMatch.objects.filter(state__in=("OPEN", "DOUBT"))
    return linked, set(waiting.values_list("left_record_id", "right_record_id"))


def on_our_people(crowd: Crowd, drawn: Sequence[Drawn]) -> dict[str, Any]:
    """Everybody in one crowd; what was linked and listed, by kind."""
    left = crowd.arrive("hospital", [pair.left for pair in drawn])
    right = crowd.arrive("clinic", [pair.right for pair in drawn])
    person = {record: ("a", index) for index, record in enumerate(left)}
    for index, record in enumerate(right):
        person[record] = ("a" if drawn[index].is_one else "b", index)
    linked, listed = linked_and_listed()
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for index, pair in enumerate(drawn):
        both = (left[index], right[index])
        kinds[pair.kind]["pairs"] += 1
        kinds[pair.kind]["linked"] += both in linked
        kinds[pair.kind]["listed"] += both in listed
    positive = kinds.get("one person", Counter())
    count = positive["pairs"] or 1
    return {
        "pairs_of_two_people": sum(not pair.is_one for pair in drawn),
        "false_links": sum(person[one] != person[other] for one, other in linked),
        "recall_automatic": round(positive["linked"] / count, 4),
        "recall_with_review": round((positive["linked"] + positive["listed"]) / count, 4),
        "listed_of_two_people": sum(person[one] != person[other] for one, other in listed),
        "listed_of_one": sum(person[one] == person[other] for one, other in listed),
        "kinds": {kind: dict(found) for kind, found in kinds.items()},
        "missed": [
            index
            for index, pair in enumerate(drawn)
            if pair.is_one and (left[index], right[index]) not in linked | listed
        ],
    }


# The shared set.


def _born(words: str) -> date | None:
    found = re.fullmatch(r"(\d{4})[-/](\d\d?)[-/](\d\d?)|(\d\d?)[-/](\d\d?)[-/](\d\d|\d{4})", words.strip())
    if not found:
        return None
    if found[1]:
        return date(int(found[1]), int(found[2]), int(found[3]))
    year = int(found[6])
    year += 0 if year > 99 else 2000 if year <= 26 else 1900
    return date(year, int(found[4]), int(found[5]))


def _said(row: dict[str, str]) -> Said:
    sex = {"M": "male", "F": "female"}.get(row["GENDER"], "")
    place = f"{row['ADDRESS'].replace(chr(92) + 'n', ', ')}, {row['CITY']}, {row['STATE']} {row['ZIP'].zfill(5)}"
    family = f"{row['LAST']} {row['SUFFIX']}".strip() if row["LAST"] else ""
    return Said(family, row["FIRST"], _born(row["BIRTHDATE"]), sex, row["SSN"], address=place if row["ADDRESS"] else "")


def shared_set(path: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """(people to load first, cases)."""
    with tarfile.open(path) as packed:
        files = {Path(one.name).name: packed.extractfile(one) for one in packed.getmembers() if one.isfile()}
        tables = []
        for name in ("nbs_seed.csv", "match_cases.csv"):
            file = files[name]
            assert file is not None
            tables.append(list(csv.DictReader(io.TextIOWrapper(file, "utf-8-sig"))))
    return tables[0], tables[1]


def on_shared_set(crowd: Crowd, path: Path) -> dict[str, Any]:
    """Each case by itself against the people; by what its truth expects."""
    seed, cases = shared_set(path)
    records = crowd.arrive("registry", [_said(row) for row in seed])
    person = dict(zip(records, (row["Match Id"] for row in seed), strict=True))
    found: dict[str, Counter[str]] = defaultdict(Counter)
    missed, false = [], []
    for number, row in enumerate(cases):
        try:
            with transaction.atomic():
                (record,) = crowd.arrive(f"incoming-{number}", [_said(row)])
                linked, listed = linked_and_listed()
                right = {one for one, match in person.items() if match == row["Match Id"]}
                to = {one for pair in linked if record in pair for one in pair} - {record}
                seen = {one for pair in listed if record in pair for one in pair} - {record}
                expected = row["Expected Result"]
                count = found[expected]
                count["cases"] += 1
                outcome = "linked" if to & right else "listed" if seen & right else "new"
                count[outcome] += 1
                count["others listed"] += bool(seen - right)
                if to - right or (to and expected == "no_match"):
                    false.append(row["Test Case #"])
                if outcome == "new" and expected != "no_match":
                    missed.append(row["Test Case #"])
                raise _TakeBack
        except _TakeBack:
            continue
    true = sum(count["cases"] for expected, count in found.items() if expected != "no_match")
    met = sum(count["linked"] + count["listed"] for expected, count in found.items() if expected != "no_match")
    match = found["match"]
    return {
        "false_links": len(false),
        "falsely_linked": false,
        "recall_automatic_of_match": round(match["linked"] / (match["cases"] or 1), 4),
        "recall_with_review": round(met / (true or 1), 4),
        "missed": missed,
        "by_expected": {expected: dict(count) for expected, count in found.items()},
    }


class _TakeBack(Exception):
    """Ends the transaction of one case."""


# The cost of an arrival.


def cost_among(crowd: Crowd, people: int, seed: int) -> dict[str, Any]:
    """Processor milliseconds an arrival costs among so many people: writing, filing, finding, comparing.

    Every second one who arrives was known before, told by another source in the same words: the most that can be asked.
    """
    world, before = World(seed + 1), len(linked_and_listed()[0])
    missing = max(people - crowd.number, COMING_BACK)
    known = [world.person() for _ in range(missing)]
    person = dict(zip(crowd.arrive("registry", known), range(missing), strict=True))
    measured: dict[str, Any] = {"people": crowd.number}
    back, costs = iter(known), []
    for number in range(2 * COMING_BACK):
        is_back = number % 2 == 0
        said = next(back) if is_back else world.person()
        began = time.process_time()
        (record,) = crowd.arrive("clinic", [said])
        costs.append(1000 * (time.process_time() - began))
        person[record] = number // 2 if is_back else -1 - number
    cuts = statistics.quantiles(costs, n=100)
    measured["one by one"] = {"p50": round(cuts[49], 2), "p99": round(cuts[98], 2), "arrivals": len(costs)}
    arriving = [world.person() for _ in range(2_000)]
    began = time.process_time()
    batch = crowd.arrive("clinic", arriving)
    measured["in batches of 500"] = round((time.process_time() - began) * 1000 / len(batch), 2)
    person |= {record: -10_000 - index for index, record in enumerate(batch)}
    linked, _ = linked_and_listed()
    theirs = [pair for pair in linked if person.keys() & set(pair)]
    measured["known people linked"] = sum(person.get(one) == person.get(other) for one, other in theirs)
    measured["false_links"] = sum(person.get(one) != person.get(other) for one, other in theirs)
    measured["links before"] = before
    return measured


def prepare() -> None:
    """Tables as the models say, in a home of this run's own."""
    settings.MIGRATION_MODULES = {config.label: None for config in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0)


def start_again() -> None:
    """An empty home."""
    call_command("flush", interactive=False, verbosity=0)


def measure(
    *, seed: int, negatives: int, positives: int, people: int, data: Path, parts: Sequence[str] = PARTS
) -> dict[str, Any]:
    """Everything, or the parts asked for, from an empty home each."""
    found: dict[str, Any] = {"seed": seed}
    drawn = list(pairs(seed, negatives, positives))
    if "control" in parts:
        found["control: identifier alone"] = _control(drawn[: negatives // 10] + drawn[-200:])
        start_again()
    if "shared" in parts and data.exists():
        found["shared set"] = on_shared_set(Crowd(), data)
        start_again()
    crowd = Crowd()
    if "people" in parts:
        found["our people"] = on_our_people(crowd, drawn)
    if "cost" in parts:
        found["cpu ms an arrival"] = cost_among(crowd, people, seed)
    return found


def _control(drawn: Sequence[Drawn]) -> dict[str, Any]:
    with identifier_alone():
        found = on_our_people(Crowd(), drawn)
    return {"pairs": len(drawn), "false_links": found["false_links"]}


def verdict(found: dict[str, Any]) -> list[str]:
    """What is not as promised."""
    wrong = []
    for name in ("our people", "shared set"):
        part = found.get(name)
        if part and part["false_links"]:
            wrong.append(f"{name}: {part['false_links']} linked falsely")
        if part and part["recall_with_review"] < RECALL:
            wrong.append(f"{name}: recall with review {part['recall_with_review']}, less than {RECALL}")
    cost = found.get("cpu ms an arrival")
    if cost and cost["false_links"]:
        wrong.append(f"among many people: {cost['false_links']} linked falsely")
    control = found.get("control: identifier alone")
    if control and not control["false_links"]:
        wrong.append("the control linked nobody falsely: this measurement sees nothing")
    return wrong


def show(found: dict[str, Any]) -> Iterable[str]:
    """For people."""
    for name, part in found.items():
        yield f"{name}: {part if not isinstance(part, dict) else ''}"
        if isinstance(part, dict):
            for key, value in part.items():
                if isinstance(value, dict):
                    yield f"  {key}"
                    yield from (f"    {inner}: {one}" for inner, one in value.items())
                elif key != "missed" or len(value) < 30:
                    yield f"  {key}: {value}"


def main(arguments: list[str]) -> int:
    """Measure and say so."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--people", type=int, help="among how many an arrival is timed")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    given = parser.parse_args(arguments)
    prepare()
    sizes = (1_800, 600, 3_000) if given.quick else (30_600, 10_000, 100_000)
    found = measure(
        seed=given.seed, negatives=sizes[0], positives=sizes[1], people=given.people or sizes[2], data=given.data,
        parts=given.parts,
    )  # fmt: skip
    found["as promised"] = verdict(found) or "yes"
    print(json.dumps(found) if given.json else "\n".join(show(found)))
    return 0 if found["as promised"] == "yes" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

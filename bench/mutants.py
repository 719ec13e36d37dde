"""Broken inputs through every connector into the ledger: no crash, nothing slow, nothing dropped in silence.

    python -m bench.mutants [--count 20000] [--seed 1] [--quick] [--only NUMBER] [--drop 50] [--postgresql]

Samples of all connectors are cut, doubled, spliced, nested, re-encoded and so on (``bench/_mutations.py``), kept,
applied, and at the end the rules are run for everybody they brought. Of each mutant: nothing may be raised; it may take
2 seconds of the processor; its message must end applied or refused with a reason that can be read; its counters must
add up to the items its connector found, and to no less than a second, simpler reading of the bytes counts. ``--drop N``
takes every Nth item out between connector and ledger, as a mistake would; it must be found.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count as counting
from pathlib import Path
from typing import Any

from bench._mutations import Mutant, Sample, mutant, samples_of
from bench._postgres import Server
from bench._told import least_told

SECONDS = 2.0
HANG = 20.0  # seconds of the processor after which a mutant is broken off
TOGETHER = 100  # mutants of one source: what they say collides, as a sender's messages do
SHOWN = 20
_SENTENCE = re.compile(r"[A-Z].*[.]", re.DOTALL)
_PYTHON = re.compile(r"Traceback|Error\b|0x[0-9a-f]+|<class|NoneType")


@dataclass
class Ordeal:
    """What became of the mutants."""

    mutants: int = 0
    crashes: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)  # refused without a reason that can be read
    outcomes: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    slowest_ms: float = 0.0
    breaches: list[str] = field(default_factory=list)
    rules_failed: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Nothing crashed, nothing was slow, nothing went missing."""
        return not (self.crashes or self.slow or self.dropped or self.unsaid or self.breaches or self.rules_failed)

    def as_json(self) -> dict[str, Any]:
        """Counts of everything, the first few of what is wrong."""
        lists = ("crashes", "slow", "dropped", "unsaid", "breaches", "rules_failed")
        found = {name: value for name, value in self.__dict__.items() if name not in lists}
        return found | {name: len(getattr(self, name)) for name in lists} | {"sound": self.is_sound}


def is_readable(reason: str) -> bool:
    """A sentence, without a trace of Python."""
    return bool(_SENTENCE.fullmatch(reason)) and not _PYTHON.search(reason)


def judge(ordeal: Ordeal, one: Mutant, message: Any, *, seconds: float, found: int | None) -> None:
    """Look at what became of one mutant. ``found``: items its connector finds in it, None if it cannot open it."""
    if seconds > SECONDS:
        ordeal.slow.append(f"{one.words}: {seconds:.1f} s")
    ordeal.slowest_ms = max(ordeal.slowest_ms, round(1000 * seconds, 1))
    ordeal.outcomes["received"] += message.received
    for name in ("applied", "quarantined", "refused", "duplicates"):
        ordeal.outcomes[name] += getattr(message, name)
    ordeal.formats[message.format or "none"] += 1
    accounted = message.applied + message.quarantined + message.refused + message.duplicates
    told = 1 if message.state == "REFUSED" else max(found or 1, least_told(message.format, one.content))
    if message.state == "KEPT" or message.received != accounted or message.received < told:
        ordeal.dropped.append(
            f"{one.words}: {message.state}, {message.received} received, {accounted} accounted of {told}"
        )
    if message.state == "REFUSED" and not is_readable(message.reason):
        ordeal.unsaid.append(f"{one.words}: {message.reason}")


def items_found(one: Mutant) -> int | None:
    """How many items the connector finds, as its sender counts them; None when it cannot open the bytes."""
    from beforehand.intake.connectors.errors import ConnectorError
    from beforehand.intake.errors import RefusedError
    from beforehand.intake.formats import items_of

    try:
        found = list(items_of(one.content, one.name))
    except (ConnectorError, RefusedError):
        return None
    return len({("unit", raw.unit) if raw.unit is not None else ("place", raw.place) for raw in found})


class HangError(BaseException):
    """A mutant took so long that it is a hang; nothing between here and there may catch it."""


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    """Break off what takes more of the processor than that."""

    def ring(*_: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def dropping(every: int) -> Iterator[None]:
    """The guard removed: every so many items vanish between connector and ledger, as by a mistake."""
    from beforehand.intake import apply

    real, number = apply.items_of, counting(1)

    def leaky(content: bytes, name: str) -> Iterator[Any]:
        return (raw for raw in real(content, name) if next(number) % every)

    apply.items_of = leaky
    try:
        yield
    finally:
        apply.items_of = real


def torment(mutants: Iterable[Mutant], ordeal: Ordeal, *, report: bool = False) -> None:
    """Keep and apply mutants, and look at what became of each."""
    from django.db import transaction
    from django.utils import timezone

    from beforehand.intake.apply import apply_message
    from beforehand.intake.ledger import keep, source_named
    from beforehand.record.models import Message

    for one in mutants:
        source = source_named(f"mutants-{one.number // TOGETHER}")
        ordeal.mutants += 1
        ordeal.kinds.update(one.kinds)
        started = time.process_time()
        try:
            message = keep(data=one.content, source=source, name=one.name, received_at=timezone.now())
            with no_longer_than(HANG), transaction.atomic():
                apply_message(message)
        except HangError:
            ordeal.slow.append(f"{one.words}: a hang, broken off after {HANG:.0f} s")
            continue
        except Exception as error:
            ordeal.crashes.append(f"{one.words}: {type(error).__name__}")
            continue
        seconds = time.process_time() - started
        judge(ordeal, one, Message.objects.get(pk=message.pk), seconds=seconds, found=items_found(one))
        if report and ordeal.mutants % 250 == 0:
            wrong = [len(each) for each in (ordeal.crashes, ordeal.slow, ordeal.dropped, ordeal.unsaid)]
            print(f"{ordeal.mutants} mutants, wrong: {wrong}", file=sys.stderr, flush=True)


def look_ahead(ordeal: Ordeal) -> None:
    """Run the rules for everybody the mutants brought."""
    from django.utils import timezone

    from beforehand.care.needs.arrivals import catch_up
    from beforehand.lookahead.models import RuleFailure
    from beforehand.record.models import DirtyPatient

    catch_up(as_of=timezone.localdate())
    ordeal.rules_failed += [f"{one.rule_id}: {one.what}" for one in RuleFailure.objects.all()]
    if left := DirtyPatient.objects.count():
        ordeal.rules_failed.append(f"{left} patients are still marked")


def all_samples() -> list[Sample]:
    """The samples of every connector there is."""
    from beforehand.intake import connectors

    return samples_of(Path(connectors.__path__[0]))


def run(numbers: Sequence[int], *, seed: int, drop: int = 0, with_rules: bool = True, report: bool = False) -> Ordeal:
    """The mutants of these numbers, in the home that is open; at the end the ledger proves itself."""
    from beforehand.intake.quarantine import check_balance

    ordeal, samples = Ordeal(), all_samples()
    with dropping(drop) if drop else ExitStack():
        torment((mutant(number, seed, samples) for number in numbers), ordeal, report=report)
    if with_rules:
        look_ahead(ordeal)
    ordeal.breaches += [f"{one.where} {one.what}" for one in check_balance()]
    return ordeal


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--quick", action="store_true", help="500 of them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="this one alone")
    parser.add_argument("--drop", type=int, default=0, help="take every so many items out; must be found")
    parser.add_argument("--postgresql", action="store_true", help="on a throw-away server instead of SQLite")
    given = parser.parse_args()
    numbers = range(500 if given.quick else given.count) if given.only is None else [given.only]
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="beforehand-bench-"))
        os.environ["BEFOREHAND_HOME"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "beforehand.config.settings"
        if given.postgresql:
            os.environ["DATABASE_URL"] = stack.enter_context(Server()).create("mutants")
        else:
            os.environ.pop("DATABASE_URL", None)
        make_home()
        ordeal = run(numbers, seed=given.seed, drop=given.drop, report=True)
        close_home()
    for name in ("crashes", "slow", "dropped", "unsaid", "breaches", "rules_failed"):
        for line in getattr(ordeal, name)[:SHOWN]:
            print(f"{name}: {line}", file=sys.stderr)
    print(json.dumps({**ordeal.as_json(), "seed": given.seed, "drop": given.drop}, indent=1))
    return 0 if ordeal.is_sound else 1


def make_home() -> None:
    """An empty home to torment."""
    import django

    django.setup()
    from django.core.management import call_command

    from beforehand.care.needs.arrivals import ready_to_receive

    call_command("migrate", verbosity=0, run_syncdb=True)
    ready_to_receive()


def close_home() -> None:
    """Let go of the database, so that its server can stop."""
    from django.db import connection

    connection.close()


if __name__ == "__main__":
    sys.exit(main())

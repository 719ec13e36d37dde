"""kill -9 while a bulk export is fetched: nothing lost, nothing taken in twice.

    python -m bench.pull_kills [--kills 100] [--seed 1]

A process that fetches from a FHIR server on this machine is killed in the middle of a download or before a random
statement to its database, then started again, until it ends. The record, and the number of messages and items, must
equal those of a fetch nobody disturbed. ``--without order`` writes down that a part is in the ledger before it is;
``--without place`` forgets how far it came: the same check must fail.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
ROOT = HERE.parent.parent
PEOPLE, OBSERVATIONS, PART = 6, 20, 4000


def child(given: argparse.Namespace) -> None:
    """The process that is killed: one fetch, in small parts, so that there are many moments to die in."""
    import django
    from django.conf import settings

    settings.MIGRATION_MODULES = _NoMigrations()
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from beforehand.care.needs import arrivals
    from beforehand.doors.pull import files
    from beforehand.doors.pull.clock import Clock
    from beforehand.doors.pull.run import run_pull
    from beforehand.intake.models import PullFile
    from beforehand.intake.pull_sources import Wish, add_pull, pull_named
    from beforehand.record.access import system_principal

    arrivals.settle_patients = lambda *_, **__: 0  # what rules find is no matter here
    if given.make:
        call_command("migrate", verbosity=0, run_syncdb=True)
        wish = Wish("clinic", "BULK", given.make, authorisation="NONE", per_second=1000.0)
        add_pull(wish=wish, by=system_principal("operator"))
        connection.close()
        shutil.copytree(settings.HOME, given.copy)
    if given.without == "order":
        _write_down_first(files)
    if given.without == "place":
        PullFile.save = lambda self, **_: None  # type: ignore[method-assign]
        files.Ledger._has = lambda self, content: False  # type: ignore[method-assign]
    seen = 0

    def count(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        nonlocal seen
        seen += given.die_before in sql
        if seen == given.nth and given.nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    if given.run:
        pull = pull_named("clinic")
        assert pull is not None
        with connection.execute_wrapper(count):
            outcome = run_pull(pull, clock=Clock(), part=PART)
        if outcome.state != "DONE":
            raise RuntimeError(f"{outcome.trouble} {outcome.remedy}")
    print(json.dumps({"statements": seen, **_state()}), flush=True)


class _NoMigrations:
    """The tables as the models say them: what kills do is the same, and a home is made in a second."""

    def __contains__(self, app: str) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


def _write_down_first(files: Any) -> None:
    """The guard removed: a part counts as taken in before it is."""
    hand_over = files.Ledger.hand_over

    def too_late(self: Any, content: bytes, name: str) -> None:
        from beforehand.intake.models import PullFile

        place = int(name.partition("/")[2].partition("-")[0])
        file = PullFile.objects.get(run=self.run, place=place)
        PullFile.objects.filter(pk=file.pk).update(done_bytes=file.done_bytes + len(content))
        hand_over(self, content, name)

    files.Ledger.hand_over = too_late


def _state() -> dict[str, Any]:
    """The record, comparable; how many messages and items it took; and what the promises say of it."""
    from django.db.models import Count, Sum

    from beforehand.intake.quarantine import check_balance
    from beforehand.record.models import Item, Message
    from beforehand.record.store.canon import canonical_record, digest_of_record

    counted = Message.objects.aggregate(
        messages=Count("pk"), received=Sum("received"), applied=Sum("applied"), duplicates=Sum("duplicates")
    )
    return {
        "digests": digest_of_record(canonical_record()),
        "counted": {**counted, "items": Item.objects.count(), "kept": Message.objects.filter(state="KEPT").count()},
        "breaches": [f"{breach.where} {breach.what}" for breach in check_balance()],
    }


def _some_of_it(database: Path) -> bool:
    """Whether a part of the long file is noted as taken in."""
    line = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)
    try:
        noted = line.execute("select count(*) from pull_file where type = 'Observation' and done_bytes > 0").fetchone()
    finally:
        line.close()
    return bool(noted[0])


class Trial:
    """A server, and homes that fetch from it, made from one."""

    def __init__(self, folder: Path, server: Any) -> None:
        self.folder = folder
        self.server = server
        self.count = 0
        self.running: subprocess.Popen[str] | None = None
        self.fetching: Path | None = None  # the home that does
        self.cut_after: float | None = None  # of a file, when the process that loads it is killed
        server.faults.append(self._cut)
        self.empty = folder / "empty"
        made = self.child(folder / "first", "--make", f"{server.base}/fhir", "--copy", str(self.empty), "--run")
        assert made is not None
        self.undisturbed = made

    def _cut(self, answering: Any, visit: Any) -> bool:
        """Send a part of a file, then kill whoever loads it."""
        if self.cut_after is None or "/files/Observation" not in visit.path or "range" in visit.headers:
            return False
        content = b"".join(json.dumps(one).encode() + b"\n" for one in self.server.records["Observation"])
        end, self.cut_after = int(len(content) * self.cut_after), None
        answering.say(200, content[:end], {"ETag": f'"{len(content)}"'}, claim=len(content))
        answering.wfile.flush()
        assert self.running is not None and self.fetching is not None
        while self.running.poll() is None and not _some_of_it(self.fetching / "beforehand.db"):
            time.sleep(0.01)  # until a part of it is in the ledger
        self.running.kill()
        return True

    def home(self) -> Path:
        """A fresh home."""
        self.count += 1
        home = self.folder / f"home{self.count}"
        shutil.copytree(self.empty, home)
        return home

    def child(self, home: Path, *given: str, cut_after: float | None = None) -> dict[str, Any] | None:
        """One process; what stands in the home when it ends, or None when it was killed."""
        settings = {"BEFOREHAND_HOME": str(home), "DJANGO_SETTINGS_MODULE": "beforehand.config.settings"}
        environment = {**os.environ, **settings, "PYTHONPATH": f"{ROOT / 'src'}"}
        environment.pop("DATABASE_URL", None)
        self.cut_after, self.fetching = cut_after, home
        command = [sys.executable, str(HERE), "--child", *given]
        self.running = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        said, trouble = self.running.communicate()
        if self.running.returncode == -signal.SIGKILL:
            return None
        if self.running.returncode:
            raise RuntimeError(trouble[-2000:])
        found: dict[str, Any] = json.loads(said)
        return found


def difference(undisturbed: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What a fetch that was killed and started again left differently; nothing, if the promise holds."""
    wrong = [f"{name} differs" for name, digest in undisturbed["digests"].items() if found["digests"][name] != digest]
    wrong += [
        f"{name}: {found['counted'][name]} instead of {count}"
        for name, count in undisturbed["counted"].items()
        if found["counted"][name] != count
    ]
    return wrong + list(found["breaches"])


def run_kills(trial: Trial, kills: int, seed: int, *, without: str = "", say: Callable[[str], None]) -> list[str]:
    """Kill so many fetches at random moments, finish each, and say what was lost or doubled."""
    chance = random.Random(seed)
    undisturbed = trial.undisturbed
    guard = ("--without", without) if without else ()
    trouble: list[str] = []
    killed = 0
    while killed < kills:
        home = trial.home()
        for _ in range(chance.choice((1, 1, 2, 3))):  # also a run that goes on may be killed
            if chance.random() < 0.3:
                ended = trial.child(home, "--run", *guard, cut_after=chance.uniform(0.3, 0.95))
            else:
                at = str(chance.randint(1, undisturbed["statements"]))
                ended = trial.child(home, "--run", "--nth", at, *guard)
            if ended is not None:  # it came to its end before its moment to die
                break
            killed += 1
        found = ended or trial.child(home, "--run", *guard)
        assert found is not None
        wrong = difference(undisturbed, found)
        trouble += wrong
        shutil.rmtree(home)
        say(f"{killed} kills, {len(trouble)} differences")
    return trouble


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="six kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", choices=("", "order", "place"), default="")
    parser.add_argument("--child", action="store_true")
    parser.add_argument("--make", default="", metavar="URL")
    parser.add_argument("--copy", default="", metavar="FOLDER", help="of the home before its first fetch")
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--nth", type=int, default=0)
    parser.add_argument("--die-before", default="")
    given = parser.parse_args()
    if given.child:
        child(given)
        return 0
    from tests.unit.pull.fhir_server import FhirServer, invented, serving

    from beforehand.doors.pull.clock import Clock

    with (
        tempfile.TemporaryDirectory() as folder,
        serving(FhirServer(invented(PEOPLE, OBSERVATIONS), Clock())) as server,
    ):
        trouble = run_kills(
            Trial(Path(folder), server), 6 if given.quick else given.kills, given.seed, without=given.without,
            say=lambda words: print(words, file=sys.stderr, flush=True),
        )  # fmt: skip
    print("\n".join(trouble) or "nothing lost, nothing taken in twice")
    return 1 if bool(trouble) != bool(given.without) else 0


if __name__ == "__main__":
    sys.exit(main())

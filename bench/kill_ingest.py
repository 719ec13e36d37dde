"""kill -9 during ingest: nothing lost, nothing doubled.

    python bench/kill_ingest.py [--kills 50] [--seed 1]

A real ingest process is killed at random moments, then the same ingest is run again to its end; the record must equal
that of an ingest nobody disturbed, every counter balance, and every message still have its bytes. With ``--without
transaction`` or ``--without keeping`` the guard is taken out, and the same check must fail.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve()
ROOT = HERE.parent.parent


def write_input(folder: Path, *, people: int = 24, observations: int = 60) -> None:
    """Invented people in several wrappings, with facts before their patients and newer versions of the same."""
    folder.mkdir(parents=True)
    early = []
    for number in range(people):
        who = f"p{number}"
        resources = [
            {
                "resourceType": "Patient", "id": who, "birthDate": f"19{50 + number % 50}-01-02",
                "name": [{"family": f"Family{number}", "given": ["Given"]}],
                "identifier": [{"system": "https://hospital.example/mrn", "value": f"MRN{number:05}"}],
            }
        ]  # fmt: skip
        for index in range(observations):
            fact = {
                "resourceType": "Observation", "id": f"{who}-o{index}", "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": f"{1000 + index % 7}-1"}]},
                "subject": {"reference": f"Patient/{who}"}, "effectiveDateTime": f"2026-01-{1 + index % 28:02}",
                "performer": [{"reference": "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1234567893"}],
                "valueQuantity": {"value": index, "unit": "mg/dL"}, "meta": {"lastUpdated": "2026-02-01T00:00:00Z"},
            }  # fmt: skip
            (early if index % 5 == 0 else resources).append(fact)
            if index % 9 == 0:
                newer = fact | {"valueQuantity": {"value": index + 1, "unit": "mg/dL"}}
                resources.append(newer | {"meta": {"lastUpdated": "2026-03-01T00:00:00Z"}})
        entries = [{"resource": resource} for resource in resources]
        (folder / f"bundle-{number:03}.json").write_text(
            json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
        )
    (folder / "a-early.ndjson").write_text("\n".join(json.dumps(fact) for fact in early))


def child(paths: list[str], without: str, die_at: int) -> None:
    """The process that is killed: one ingest in small groups, so that there are many moments to die in."""
    import django

    django.setup()
    from django.db import connection

    from beforehand.intake import apply, batch, ingest, ledger

    ingest.GROUP_FILES, apply.ITEMS = 3, 100
    if without == "transaction":
        _apply_without_transaction(batch)
    if without == "keeping":
        ledger.keep_blobs = lambda contents: None
    seen = 0

    def count(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        nonlocal seen
        seen += 1
        if seen == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    print("ready", flush=True)
    with connection.execute_wrapper(count):
        summary = ingest.ingest_paths(paths, source_name="clinic")
    print(json.dumps(summary.as_json()), flush=True)


def _apply_without_transaction(batch) -> None:  # type: ignore[no-untyped-def]
    """The guard removed: each statement commits by itself."""
    from contextlib import nullcontext
    from types import SimpleNamespace

    batch.transaction = SimpleNamespace(atomic=lambda: nullcontext())
    batch.lock_for_writing = lambda: None


def state() -> dict[str, object]:
    """The record as it stands, comparable, and what the promises say of it."""
    import django

    django.setup()
    from beforehand.intake.quarantine import check_balance
    from beforehand.record.identity import check_links
    from beforehand.record.models import Message
    from beforehand.record.store.canon import canonical_record, digest_of_record

    breaches = [f"{breach.where} {breach.what}" for breach in (*check_balance(), *check_links())]
    open_ones = Message.objects.filter(state="KEPT").count()
    canon = canonical_record()
    return {
        "digests": digest_of_record(canon), "rows": {name: len(rows) for name, rows in canon.items()},
        "breaches": breaches, "kept": open_ones,
    }  # fmt: skip


class Trial:
    """Homes made from one empty home, and ingests of one folder into them."""

    def __init__(self, folder: Path, *, people: int = 24, observations: int = 60) -> None:
        self.folder = folder
        self.input = folder / "input"
        write_input(self.input, people=people, observations=observations)
        self.empty = folder / "empty"
        self._python(self.empty, "--make")
        self.count = 0

    def home(self) -> Path:
        """A fresh home."""
        self.count += 1
        home = self.folder / f"home{self.count}"
        shutil.copytree(self.empty, home)
        return home

    def _environment(self, home: Path) -> dict[str, str]:
        settings = {"BEFOREHAND_HOME": str(home), "DJANGO_SETTINGS_MODULE": "beforehand.config.settings"}
        environment = {**os.environ, **settings, "PYTHONPATH": f"{ROOT / 'src'}"}
        environment.pop("DATABASE_URL", None)
        return environment

    def _python(self, home: Path, *given: str) -> str:
        done = subprocess.run(
            [sys.executable, str(HERE), *given],
            env=self._environment(home),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return done.stdout

    def ingest(
        self, home: Path, *, without: str = "", die_at: int = 0, kill_after: float | None = None
    ) -> float | None:
        """One ingest; its seconds, or None when it was killed."""
        command = [sys.executable, str(HERE), "--child", str(self.input), "--die-at", str(die_at)]
        if without:
            command += ["--without", without]
        running = subprocess.Popen(
            command, env=self._environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert running.stdout is not None
        running.stdout.readline()  # ready
        started = time.perf_counter()
        if kill_after is not None:
            try:
                running.wait(kill_after)
            except subprocess.TimeoutExpired:
                running.kill()
        _, trouble = running.communicate()
        if running.returncode == -signal.SIGKILL:
            return None
        if running.returncode:
            raise RuntimeError(trouble[-2000:])
        return time.perf_counter() - started

    def state(self, home: Path) -> dict[str, object]:
        """What stands in a home."""
        found: dict[str, object] = json.loads(self._python(home, "--state"))
        return found


def difference(undisturbed: dict[str, object], found: dict[str, object]) -> list[str]:
    """What a killed and repeated ingest left differently; nothing, if the promise holds."""
    digests, others = undisturbed["digests"], found["digests"]
    assert isinstance(digests, dict) and isinstance(others, dict)
    wrong = [f"{name} differs" for name in digests if digests[name] != others[name]]
    wrong += list(found["breaches"])  # type: ignore[call-overload]
    if found["kept"]:
        wrong.append(f"{found['kept']} messages were never finished")
    return wrong


def run_kills(trial: Trial, kills: int, seed: int, *, report: bool = False) -> list[str]:
    """Kill ``kills`` ingests at random moments, finish each, and say what was lost or doubled."""
    chance = random.Random(seed)
    home = trial.home()
    seconds = trial.ingest(home)
    assert seconds is not None
    undisturbed = trial.state(home)
    trouble: list[str] = []
    killed = 0
    while killed < kills:
        home = trial.home()
        for _ in range(chance.choice((1, 1, 2, 3))):  # also a rerun may be killed
            if trial.ingest(home, kill_after=chance.uniform(0.0, seconds)) is None:
                killed += 1
        trial.ingest(home)
        wrong = difference(undisturbed, trial.state(home))
        trouble += wrong
        shutil.rmtree(home)
        if report:
            print(f"{killed} kills, {len(trouble)} differences", file=sys.stderr, flush=True)
    return trouble


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--quick", action="store_true", help="six kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", choices=("", "transaction", "keeping"), default="")
    parser.add_argument("--child", nargs="+")
    parser.add_argument("--die-at", type=int, default=0)
    parser.add_argument("--make", action="store_true")
    parser.add_argument("--state", action="store_true")
    given = parser.parse_args()
    if given.make:
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        return 0
    if given.child:
        child(given.child, given.without, given.die_at)
        return 0
    if given.state:
        print(json.dumps(state()))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        kills = 6 if given.quick else given.kills
        trouble = run_kills(Trial(Path(folder)), kills, given.seed, report=True)
        seconds = round(time.perf_counter() - started, 1)
        print(json.dumps({"kills": kills, "seed": given.seed, "differences": trouble, "seconds": seconds}))
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())

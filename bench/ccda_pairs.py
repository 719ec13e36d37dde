"""The same persons told twice: FHIR as source A, C-CDA as source B. What both tell must stand once.

    python -m bench.ccda_pairs [--quick] [--data FOLDER] [--persons N] [--without-identifier]

Takes both forms of the Synthea pairs into a fresh home and counts, from the database alone: persons, and for each
table what the documents tell, what the FHIR tells too, and what of that stands once with two provenances; the rest
by reason. One core, CPU-seconds (the machine may be shared). ``--without-identifier`` takes the shared identifier
out of the documents: then every pair must go to review.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
ROOT = HERE.parent.parent
DATA = ROOT.parent / "shared" / "data" / "synthea-fhir-ccda-pairs"
TABLES = {
    "condition": "onset", "allergy": "", "medication_request": "authored", "immunization": "given",
    "observation": "taken", "procedure": "done",
}  # fmt: skip
QUICK = 8


def unpack(data: Path, folder: Path) -> None:
    """Lay the Bundles and the documents into two folders."""
    for archive, kind in (("california-fhir", ".json"), ("california-ccda", ".xml")):
        (folder / kind).mkdir()
        with tarfile.open(data / f"{archive}.tar.gz") as opened:
            for entry in opened:
                if entry.isreg() and entry.name.endswith(kind) and (body := opened.extractfile(entry)):
                    (folder / kind / Path(entry.name).name).write_bytes(body.read())


def choose(folder: Path, persons: int) -> None:
    """Keep so many persons, the first by file name that both forms tell; the others' files go."""
    both = {path.stem for path in (folder / ".json").iterdir()} & {path.stem for path in (folder / ".xml").iterdir()}
    kept = set(sorted(both)[:persons])
    for kind in (".json", ".xml"):
        for path in (folder / kind).iterdir():
            if path.stem not in kept and not path.stem.startswith(("hospital", "practitioner")):
                path.unlink()


class NoMigrations:
    """Tables are made of the models as they are, as the tests make them."""

    def __contains__(self, app: str) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


def take_in(folder: Path, without_identifier: bool) -> dict[str, Any]:
    """Both forms into this process's home."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    settings.MIGRATION_MODULES = NoMigrations()
    call_command("migrate", verbosity=0, run_syncdb=True)
    from beforehand.intake.ingest import ingest_paths
    from beforehand.record.valuesets import load_shipped

    load_shipped()
    found: dict[str, Any] = {}
    for source, kind in (("A", ".json"), ("B", ".xml")):
        paths = sorted((folder / kind).iterdir())
        if kind == ".xml" and without_identifier:
            for path in paths:
                content = path.read_text()
                path.write_text(content.replace(f'extension="{path.stem}"', f'extension="b-{path.stem[:8]}"'))
        size = sum(path.stat().st_size for path in paths)
        started = time.process_time()
        summary = ingest_paths([str(path) for path in paths], source_name=source)
        spent = time.process_time() - started
        found[source] = {
            "files": len(paths), "megabytes": round(size / 1e6, 1), "items": summary.counts.received,
            "applied": summary.counts.applied, "quarantined": summary.counts.quarantined,
            "refused": summary.counts.refused, "cpu_seconds": round(spent, 1),
            "files_per_cpu_second": round(len(paths) / spent, 2),
        }  # fmt: skip
    found["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found


class Record:
    """What stands in the home, by plain SQL."""

    def __init__(self, home: Path) -> None:
        self.db = sqlite3.connect(home / "beforehand.db")
        self.db.row_factory = sqlite3.Row
        self.sources = {row["name"]: row["id"] for row in self.db.execute("select id, name from source")}
        self.codes: dict[int, set[str]] = defaultdict(set)
        for row in self.db.execute("select concept_id, system, code from concept_coding"):
            self.codes[row["concept_id"]].add(f"{row['system']}:{row['code']}")

    def persons(self) -> dict[str, int]:
        """Person records of each source, and the patients they stand for."""
        rows = self.db.execute("select source_id, patient_id from person_record").fetchall()
        of = {
            name: {row["patient_id"] for row in rows if row["source_id"] == number}
            for name, number in self.sources.items()
        }
        reviews = self.db.execute("select count(*) from possible_match where state = 'OPEN'").fetchone()[0]
        return {
            "records": len(rows), "patients": len(of["A"] | of["B"]), "in both": len(of["A"] & of["B"]),
            "only in A": len(of["A"] - of["B"]), "only in B": len(of["B"] - of["A"]), "in review": reviews,
        }  # fmt: skip

    def table(self, name: str, time_column: str) -> dict[str, Any]:
        """Of one table: told by both, standing once, and the rest by reason."""
        rows = [dict(row) for row in self.db.execute(f"select * from fact_{name}")]
        a, b = self.sources["A"], self.sources["B"]
        patients = {row["patient_id"] for row in rows if row["source_id"] == a} & {
            row["patient_id"] for row in rows if row["source_id"] == b
        }
        members = defaultdict(set)
        for row in rows:
            members[row["same_as"]].add(row["source_id"])
        told: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            if row["source_id"] == a:
                for code in self.codes[row["code"]]:
                    told[row["patient_id"], code].append(row)
        mine = [row for row in rows if row["source_id"] == b and row["patient_id"] in patients]
        reasons: Counter[str] = Counter()
        once = both = 0
        for row in mine:
            if {a, b} <= members[row["same_as"]]:
                once, both = once + 1, both + 1
                continue
            near = [one for code in self.codes[row["code"]] for one in told[row["patient_id"], code]]
            reason = _why(row, near, members, time_column, {a, b})
            reasons[reason] += 1
            both += not reason.startswith("only the document")
        theirs = [row for row in rows if row["source_id"] == a and row["patient_id"] in patients]
        return {
            "in documents": len(mine), "in FHIR": len(theirs), "told by both": both, "standing once": once,
            "not once": dict(reasons.most_common()),
        }  # fmt: skip


def _why(
    row: dict[str, Any], near: list[dict[str, Any]], members: dict[int, set[int]], time_column: str, both: set[int]
) -> str:
    """Why a row of a document does not stand once with one of the FHIR's."""
    if row["code"] is None:
        return "only the document tells it (without a code)"
    if not near:
        return "only the document tells it (no such code in the FHIR)"
    day = f"{time_column}_from_day"
    same_day = [one for one in near if not time_column or one[day] == row[day]]
    if not same_day:
        return "only the document tells it (no such day in the FHIR)"
    free = [one for one in same_day if not both <= members[one["same_as"]]]
    if not free:
        return "only the document tells it (told once more than in the FHIR)"
    if "value_micro" in row and row["value_micro"] is None and row["value_code"] is None and not row["value_words"]:
        return "the document gives no value"
    differs = min(([name for name in _COMPARED if name in row and one[name] != row[name]] for one in free), key=len)
    return "differs in " + ", ".join(differs) if differs else "alike, but not joined"


_COMPARED = (
    "status", "clinical_status", "verification", "value_micro", "value_unit", "value_code", "value_words",
    "sensitivity", "onset_from_day", "authored_from_day", "taken_to_day", "given_to_day", "done_to_day",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--persons", type=int, default=0, help="only so many persons")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} persons")
    parser.add_argument("--without-identifier", action="store_true")
    parser.add_argument("--take-in", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.take_in:
        print(json.dumps(take_in(given.take_in, given.without_identifier)))
        return 0
    if not given.data.is_dir():
        print(f"NOT RUN: there is no {given.data.name} here")
        return 0
    home = Path(tempfile.mkdtemp(prefix="beforehand-pairs-"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unpack(given.data, folder)
        if persons := given.persons or (QUICK if given.quick else 0):
            choose(folder, persons)
        environment = {
            **os.environ, "BEFOREHAND_HOME": str(home), "DJANGO_SETTINGS_MODULE": "beforehand.config.settings",
            "PYTHONPATH": str(ROOT / "src"),
        }  # fmt: skip
        command = [sys.executable, str(HERE), "--take-in", str(folder)]
        command += ["--without-identifier"] if given.without_identifier else []
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
            return 1
        taken = json.loads(done.stdout.splitlines()[-1])
    record = Record(home)
    answer = {"taken in": taken, "persons": record.persons()}
    answer["tables"] = {table: record.table(table, column) for table, column in TABLES.items()}
    print(json.dumps(answer, indent=2))
    if os.environ.get("KEEP_PAIRS_HOME"):
        print(home)
    else:
        shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

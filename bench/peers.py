"""The five reference rules by ``fqm-execution`` and by us: the same patients, one run, hit lists equal or no ratio.

    python -m bench.peers [--quick] [--json] [--data FOLDER] [--tools FOLDER]

``fqm-execution`` and the CQL compiler are installed by npm into a throw-away folder (or ``--tools``, to keep it).
Warm: facts in memory on both sides, processor seconds of the calculation alone. Cold: from the patients' files to the
hits, on our side through the whole intake with provenance. The rows answer for so few patients, as in a run of ours.
"""

from __future__ import annotations

import argparse
import base64
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from beforehand.lookahead.engines.rows import RowEngine
from beforehand.lookahead.library import CheckedQuery, looked_at, read_library
from bench._crowd import cpu_seconds
from bench._million import take_in

HERE = Path(__file__).parent
FILES = HERE / "peer_files"
DATA = HERE.parent.parent / "shared" / "data" / "synthea-r4-smart"
PACKAGES = ("fqm-execution@1.8.6", "@cqframework/cql@5.3.0")
AS_OF = 18_400
RULES = {
    "reference_a1c": "R1",
    "reference_prescription_ends": "R2",
    "reference_visit_after_stay": "R3",
    "reference_repeated_lab": "R4",
    "reference_interaction": "R5",
}
SYSTEMS = {
    "snomed": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
}


def install(tools: Path) -> None:
    """The peers, from npm, unless they are there."""
    if not (tools / "node_modules" / "fqm-execution").is_dir():
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(tools), *PACKAGES]
        subprocess.run(command, check=True, capture_output=True, cwd=tools)


def measure_bundle(tools: Path) -> Path:
    """The rules as a measure of five groups, with its library and value sets."""
    elm = tools / "reference.elm.json"
    command = ["node", str(FILES / "compile.mjs"), str(tools), str(FILES / "reference.cql"), str(elm)]
    subprocess.run(command, check=True, capture_output=True)
    packed = base64.b64encode(elm.read_bytes()).decode()
    library = {
        "resourceType": "Library", "id": "ReferenceRules", "url": "http://example.org/ReferenceRules",
        "name": "ReferenceRules", "version": "1.0.0", "status": "active", "type": {"text": "logic"},
        "content": [{"contentType": "application/elm+json", "data": packed}],
    }  # fmt: skip
    coded = "http://terminology.hl7.org/CodeSystem/measure-population"
    groups = [
        {
            "id": name,
            "population": [
                {
                    "id": f"{name}-ip",
                    "code": {"coding": [{"system": coded, "code": "initial-population"}]},
                    "criteria": {"language": "text/cql-identifier", "expression": name},
                }
            ],
        }
        for name in RULES.values()
    ]
    measure = {
        "resourceType": "Measure", "id": "Reference", "url": "http://example.org/Reference", "status": "active",
        "library": ["http://example.org/ReferenceRules"], "group": groups,
        "scoring": {"coding": [{"code": "cohort"}]},
    }  # fmt: skip
    resources = [measure, library, *_value_sets()]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}
    target = tools / "measure.json"
    target.write_text(json.dumps(bundle))
    return target


def _value_sets() -> list[dict[str, Any]]:
    found = []
    for name, one in read_library(HERE / "reference_rules").value_sets.items():
        url = f"http://example.org/{name}"
        codes = [{"system": SYSTEMS[member.system], "code": member.code} for member in one.members]
        found.append(
            {"resourceType": "ValueSet", "id": name, "url": url, "status": "active", "expansion": {"contains": codes}}
        )
    return found


def by_fqm(tools: Path, patients: list[Path], rounds: int) -> dict[str, Any]:
    """What fqm-execution finds, and its processor seconds."""
    lines = tools / "patients.ndjson"
    with lines.open("w", encoding="utf-8") as out:
        for path in patients:
            out.write(json.dumps(json.loads(path.read_bytes())) + "\n")
    measure = measure_bundle(tools)
    end = date(1970, 1, 1) + timedelta(days=AS_OF)
    # The rules' day is the start of the measurement period.
    command = ["node", "--max-old-space-size=8000", str(FILES / "run_fqm.mjs"), str(tools), str(measure)]
    command += [end.isoformat(), end.isoformat(), str(lines), str(rounds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def by_rows(home: Path, rounds: int) -> tuple[list[float], set[tuple[str, str]], int]:
    """Our seconds per round, and the hits as (patient's number at the source, rule)."""
    stored = sqlite3.connect(home / "beforehand.db")
    rows = sqlite3.connect(":memory:", cached_statements=512)
    stored.backup(rows)
    engine = RowEngine(rows)
    queries = tuple(read_library(HERE / "reference_rules").queries.values())
    names = dict(
        rows.execute(
            "select p.patient_id, r.logical_id from person_record p join resource r on r.id = p.id"
            " where p.patient_id is not null"
        ).fetchall()
    )
    _answer(engine, queries, list(names))
    seconds, hits = [], set()
    for _ in range(rounds):
        before = cpu_seconds()
        found = _answer(engine, queries, list(names))
        seconds.append(cpu_seconds() - before)
        hits = {(str(names[one.patient_id]), RULES[one.rule_id]) for one in found if one.status == "DUE"}
    return seconds, hits, len(names)


def _answer(engine: RowEngine, queries: tuple[CheckedQuery, ...], patients: list[int]) -> list[Any]:
    tables, with_sets = looked_at(queries)
    found = []
    for patient in patients:
        present = engine.present(patient, tables, with_sets)
        for checked in queries:
            if checked.needs_facts.holds(present):
                found += engine.answers(checked.query, checked.shape, patient, AS_OF)
    return found


def measure(data: Path, tools: Path, count: int, rounds: int) -> dict[str, Any]:
    """Both sides over the same files."""
    install(tools)
    patients = [path for path in sorted(data.glob("*.json")) if path.name[0].isupper()][:count]
    with tempfile.TemporaryDirectory(prefix="beforehand-bench-") as name:
        chosen, home = Path(name) / "files", Path(name) / "home"
        chosen.mkdir()
        for path in patients:
            (chosen / path.name).symlink_to(path)
        cold = take_in(home, chosen)
        ours, hits, known = by_rows(home, max(20, rounds))
    theirs = by_fqm(tools, patients, rounds)
    their_hits = {(str(patient), str(group).split("/")[0]) for patient, group in theirs["hits"]}
    warm_us = statistics.median(ours)
    warm_fqm = statistics.median(theirs["calculated"])
    answer: dict[str, Any] = {
        "patients": known, "hits": len(hits), "hits_equal": hits == their_hits,
        "only_ours": sorted({rule for _, rule in hits - their_hits}),
        "only_theirs": sorted({rule for _, rule in their_hits - hits}),
        "fqm_warm_cpu_s": round(warm_fqm, 2), "fqm_cold_cpu_s": round(theirs["read"] + theirs["calculated"][0], 2),
        "fqm_megabytes": theirs["megabytes"], "ours_warm_cpu_s": round(warm_us, 4),
        "ours_cold_cpu_s": round(cold + warm_us, 2),
    }  # fmt: skip
    if answer["hits_equal"]:
        answer["warm_times"] = round(warm_fqm / warm_us)
        answer["cold_times"] = round(answer["fqm_cold_cpu_s"] / (cold + warm_us), 1)
    return answer


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description="The reference rules by fqm-execution.")
    parser.add_argument("--quick", action="store_true", help="10 patients, one round")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of patient bundles")
    parser.add_argument("--tools", type=Path, help="where the peers are or will be installed, to keep them")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="beforehand-peers-") as folder:
        tools = chosen.tools or Path(folder)
        found = measure(chosen.data, tools, 10 if chosen.quick else 10_000, 1 if chosen.quick else 3)
    print(json.dumps(found) if chosen.json else "\n".join(f"{name:20} {value}" for name, value in found.items()))
    return 0 if found["hits_equal"] else 1


if __name__ == "__main__":
    sys.exit(main())

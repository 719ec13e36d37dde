"""The five reference rules by ``fqm-execution`` and by us: the same patients, one run, hit lists equal or no ratio.

    python -m bench.peers [--quick] [--json] [--data FOLDER] [--tools FOLDER] [--copies 1 10]

``fqm-execution`` and the CQL compiler are installed by npm into a throw-away folder (or ``--tools``, to keep it).
Warm: facts in memory on both sides, processor seconds of the calculation alone, answers in the language's own hands.
Cold: from NDJSON on disk to the hits; on our side through ``beforehand bulk`` and the sweep of its columns, asked for
the tables that the rules rest on. One processor on both sides. fqm-execution takes the patients in batches of all
copies numbered alike, one after the other in one warmed-up process, because it holds no more; its need per patient is
shown for each size.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson

from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.duckdb import DuckEngine
from beforehand.lookahead.library import read_library
from bench._crowd import cpu_seconds, peak_megabytes
from bench.ingest import DATA, unpacked

HERE = Path(__file__).parent
FILES = HERE / "peer_files"
PACKAGES = ("fqm-execution@1.8.6", "@cqframework/cql@5.3.0")
AS_OF = 18_400
_URN = re.compile(rb"urn:uuid:[0-9a-f-]{36}")
# The part of each identity that is another one in each copy.
_OWN = re.compile(rb"[0-9a-f]{4}(?=[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
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


def write_copies(bundles: list[Path], copies: int, target: Path) -> list[Path]:
    """Each patient so many times, with other identities; as bundles, a file for each copy of all, and as an export.

    The export is NDJSON by type, in ``target/export``. Both hold the same resources, with the same references.
    """
    every: list[bytes] = []
    by_type: dict[str, list[bytes]] = {}
    for path in bundles:
        entries = orjson.loads(path.read_bytes())["entry"]
        names = {e["fullUrl"].encode(): f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in entries}
        sent = []
        for entry in entries:
            text = _URN.sub(lambda m, n=names: n[m[0]].encode() if m[0] in n else m[0], orjson.dumps(entry["resource"]))
            sent.append(b'{"resource":' + text + b"}")
            by_type.setdefault(entry["resource"]["resourceType"], []).append(text)
        every.append(b'{"resourceType":"Bundle","type":"collection","entry":[' + b",".join(sent) + b"]}\n")
    (target / "export").mkdir(parents=True)
    batch = _OWN.split(b"".join(every))
    files = []
    for number in range(copies):
        files.append(target / f"batch-{number:04}.ndjson")
        files[-1].write_bytes((b"%04x" % number).join(batch))
    for type_, resources in by_type.items():
        parts = _OWN.split(b"\n".join(resources) + b"\n")
        with (target / "export" / f"{type_}.ndjson").open("wb") as out:
            for number in range(copies):
                out.write((b"%04x" % number).join(parts))
    return files


def by_fqm(tools: Path, measure: Path, batches: list[Path]) -> dict[str, Any]:
    """What fqm-execution finds, and its processor seconds."""
    end = date(1970, 1, 1) + timedelta(days=AS_OF)
    # The rules' day is the start of the measurement period.
    command = ["node", "--max-old-space-size=8000", str(FILES / "run_fqm.mjs"), str(tools), str(measure)]
    command += [end.isoformat(), end.isoformat(), *map(str, batches)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"fqm-execution ended with {done.returncode}: {done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def by_columns(export: Path, target: Path, rounds: int) -> dict[str, Any]:
    """Ours, in a process of its own: the export to columns, the rules over them as files and as tables in memory."""
    from beforehand.doors.bulk import columns

    columns.content_root = lambda: HERE / "reference_rules"  # type: ignore[assignment]  # its value sets alone
    queries = list(read_library(HERE / "reference_rules").queries.values())
    tables = sorted({table for one in queries for table in one.stored()} & set(FACTS))
    before = cpu_seconds()
    summary = columns.load(export, target, zone="UTC", workers=1, only=tables)
    loaded = cpu_seconds() - before
    with DuckEngine(threads=1) as engine:
        before = cpu_seconds()
        engine.read_shared(target / "shared")
        engine.read_facts(target, None)
        found = [one for q in queries for one in engine.answers(q.query, q.shape, AS_OF)]
        cold = cpu_seconds() - before
        for table in tables:
            engine.connection.execute(f"create or replace temp table fact_{table} as select * from fact_{table}")
        seconds = []
        for _ in range(rounds):
            before = cpu_seconds()
            again = [one for q in queries for one in engine.answers(q.query, q.shape, AS_OF)]
            seconds.append(cpu_seconds() - before)
    return {
        "patients": summary.patients, "resources": summary.outcome.received, "loaded": loaded, "cold": loaded + cold,
        "warm": statistics.median(seconds), "answers": len(found), "is_same_again": len(again) == len(found),
        "hits": sorted({(one.patient_id, RULES[one.rule_id]) for one in found if one.status == "DUE"}),
        "megabytes": peak_megabytes(),
    }  # fmt: skip


def in_own_process(export: Path, target: Path) -> dict[str, Any]:
    """``by_columns`` of a fresh interpreter, so that its memory and caches are its own."""
    command = [sys.executable, "-m", "bench.peers", "--export", str(export), "--columns", str(target)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def measure(data: Path, tools: Path, count: int, copies: int) -> dict[str, Any]:
    """Both sides over the same copies of the same patients."""
    from beforehand.doors.bulk.reading import number_of

    with tempfile.TemporaryDirectory(prefix="beforehand-bench-") as name:
        folder = Path(name)
        bundles = [path for path in sorted(unpacked(data, folder).glob("*.json")) if path.name[0].isupper()][:count]
        batches = write_copies(bundles, copies, folder / "copies")
        ours = in_own_process(folder / "copies" / "export", folder / "columns")
        theirs = by_fqm(tools, measure_bundle(tools), batches)
    hits = {(int(patient), str(rule)) for patient, rule in ours["hits"]}
    their_hits = {(number_of("Patient", str(one)), str(group).split("/")[0]) for one, group in theirs["hits"]}
    # Warm: every batch as quick as the quickest kind of it, be it the first one again or the median of all.
    warm = min(statistics.median(theirs["calculated"]), theirs["again"][0]) * len(batches)
    cold = sum(theirs["read"]) + sum(theirs["calculated"])
    answer: dict[str, Any] = {
        "patients": ours["patients"], "resources": ours["resources"], "hits": len(hits),
        "hits_equal": hits == their_hits and ours["patients"] == theirs["patients"] and ours["is_same_again"],
        "only_ours": sorted({rule for _, rule in hits - their_hits}),
        "only_theirs": sorted({rule for _, rule in their_hits - hits}),
        "fqm_warm_cpu_s": round(warm, 2), "fqm_cold_cpu_s": round(cold, 2),
        "fqm_warm_ms_a_patient": round(1000 * warm / theirs["patients"], 1), "fqm_megabytes": theirs["megabytes"],
        "ours_warm_cpu_s": round(ours["warm"], 4), "ours_cold_cpu_s": round(ours["cold"], 2),
        "ours_to_columns_cpu_s": round(ours["loaded"], 2), "ours_megabytes": ours["megabytes"],
    }  # fmt: skip
    if answer["hits_equal"]:
        answer["warm_times"] = round(warm / ours["warm"])
        answer["cold_times"] = round(cold / ours["cold"], 1)
    return answer


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description="The reference rules by fqm-execution.")
    parser.add_argument("--quick", action="store_true", help="10 patients, twice")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of patient bundles")
    parser.add_argument("--tools", type=Path, help="where the peers are or will be installed, to keep them")
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 10], help="of each patient, in each run")
    parser.add_argument("--export", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--columns", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beforehand.config.settings")
    import django

    django.setup()
    if chosen.export:
        print(json.dumps(by_columns(chosen.export, chosen.columns, 21)))
        return 0
    found = []
    with tempfile.TemporaryDirectory(prefix="beforehand-peers-") as folder:
        tools = (chosen.tools or Path(folder)).resolve()
        tools.mkdir(parents=True, exist_ok=True)
        install(tools)
        for copies in [2] if chosen.quick else chosen.copies:
            found.append(measure(chosen.data, tools, 10 if chosen.quick else 10_000, copies))
            shown = "\n".join(f"{name:22} {value}" for name, value in found[-1].items())
            print(json.dumps(found[-1]) if chosen.json else shown, flush=True)
    return 0 if all(one["hits_equal"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())

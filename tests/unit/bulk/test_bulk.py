"""An export of NDJSON becomes columns: the facts that intake makes of it; everything else is counted and named."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from beforehand.clinical.columns import Kind
from beforehand.clinical.content import content_root
from beforehand.clinical.tables import FACTS
from beforehand.doors.bulk import columns
from beforehand.doors.bulk.columns import BulkError, Summary, load
from beforehand.doors.bulk.parquet import ParquetError
from beforehand.intake.ingest import ingest_paths
from beforehand.lookahead import folder as folders
from beforehand.lookahead.engines.memory import stored_tables
from beforehand.lookahead.folder import FolderError, run_folder
from beforehand.lookahead.library import read_library
from beforehand.record.store.rows import fetch

LOINC, RXNORM = "http://loinc.org", "http://www.nlm.nih.gov/research/umls/rxnorm"
ZONE = "America/New_York"


def patient(name: str, born: str = "1950-03-01") -> dict[str, Any]:
    return {"resourceType": "Patient", "id": name, "birthDate": born, "gender": "female"}


def observation(name: str, whose: str, value: float, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation", "id": name, "status": "final", "subject": {"reference": f"Patient/{whose}"},
        "code": {"coding": [{"system": LOINC, "code": "4548-4", "display": "A1c"}]},
        "effectiveDateTime": "2026-01-05T08:00:00-05:00", "valueQuantity": {"value": value, "unit": "%"}, **more,
    }  # fmt: skip


MEDICATION = {
    "resourceType": "Medication", "id": "m1", "code": {"coding": [{"system": RXNORM, "code": "855332"}]},
}  # fmt: skip
REQUEST = {
    "resourceType": "MedicationRequest", "id": "r1", "status": "active", "intent": "order", "authoredOn": "2026-01-02",
    "subject": {"reference": "Patient/ann"}, "medicationReference": {"reference": "Medication/m1"},
}  # fmt: skip
FILES: dict[str, list[Any]] = {
    "Patient.ndjson": [patient("ann"), patient("ben", "1961")],
    "Observation.000.ndjson": [
        observation("o1", "ann", 7.1, meta={"lastUpdated": "2026-01-06T00:00:00Z"}),
        observation("o2", "ben", 8.25, meta={"security": [{"code": "PSY"}]}),
    ],
    "Observation.001.ndjson.gz": [observation("o1", "ann", 7.4, meta={"lastUpdated": "2026-02-06T00:00:00Z"})],
    "MedicationRequest.ndjson": [REQUEST],
    "Medication.ndjson": [MEDICATION],
}


def export(folder: Path, files: dict[str, list[Any]]) -> Path:
    folder.mkdir()
    for name, resources in files.items():
        content = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in resources).encode()
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return folder


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    found = duckdb.execute(f"select * from '{folder / table}.parquet'")
    names = [one[0] for one in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def balanced(summary: Summary) -> bool:
    outcome = summary.outcome
    return outcome.received == outcome.applied + outcome.refused.total() + outcome.passed_over


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    place = tmp_path_factory.mktemp("bulk")
    target = place / "columns"
    return target, load(export(place / "export", FILES), target, zone=ZONE, workers=1)


def test_every_table_and_shared_relation_is_there_for_its_owner_only(loaded: tuple[Path, Summary]) -> None:
    folder, _ = loaded
    shared = {f"{path.name.removesuffix('.parquet')}" for path in (folder / "shared").iterdir()}
    facts = {path.name.removesuffix(".parquet") for path in folder.glob("*.parquet")} - {"labelled_fact", "vague_time"}
    assert {f"fact_{name}" if name in FACTS else name for name in facts} | shared == set(stored_tables())
    assert folder.stat().st_mode & 0o077 == 0
    assert not (folder / "pieces").exists()


def test_the_newest_version_stands_and_the_medicine_is_filled_in(loaded: tuple[Path, Summary]) -> None:
    folder, summary = loaded
    assert sorted(row["value_text"] for row in rows(folder, "observation")) == ["7.4", "8.25"]
    assert summary.replaced == 1
    (request,) = rows(folder, "medication_request")
    (medication,) = rows(folder, "shared/fact_medication")
    assert request["code"] == medication["code"] is not None
    assert request["patient_id"] in {row["id"] for row in rows(folder, "patient")}
    assert [row["fact_table"] for row in rows(folder, "labelled_fact")] == ["observation"]
    assert balanced(summary)
    assert summary.patients == 2


def test_what_cannot_be_read_is_counted_and_named(tmp_path: Path) -> None:
    broken = {
        "Patient.ndjson": [patient("ann")],
        "Observation.ndjson": [
            observation("o1", "ann", 7.0), observation("o2", "nobody", 7.0),
            {"resourceType": "Observation", "id": "o3"}, '{"resourceType": "Observation", "id":',
            {"resourceType": "Surprise", "id": "x"},
        ],
        "log.ndjson": [{"exportId": "1", "eventId": "kickoff"}],
    }  # fmt: skip
    summary = load(export(tmp_path / "export", broken), tmp_path / "columns", zone=ZONE, workers=1)
    assert balanced(summary)
    assert (summary.outcome.received, summary.outcome.applied) == (7, 3)
    assert summary.without_patient == {"observation": 1}
    assert all(where and why for where, why in summary.outcome.refused)
    assert json.loads((tmp_path / "columns" / "summary.json").read_bytes())["refused"] == 4


def test_parts_and_processes_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = {"Patient.ndjson": [patient(f"p{n}") for n in range(40)]}
    many["Observation.ndjson"] = [observation(f"o{n}", f"p{n % 40}", n / 10) for n in range(300)]
    folder = export(tmp_path / "export", many)
    whole = load(folder, tmp_path / "whole", zone=ZONE, workers=1)
    monkeypatch.setattr(columns, "PART", 5_000)
    parts = load(folder, tmp_path / "parts", zone=ZONE, workers=2)
    assert len(columns.tasks_of(folder)) > 10
    assert parts.as_json() == whole.as_json()
    for table in ("patient", "observation"):
        assert rows(tmp_path / "parts", table) == rows(tmp_path / "whole", table)


@pytest.mark.django_db
def test_the_facts_are_those_that_intake_makes(loaded: tuple[Path, Summary]) -> None:
    folder, _ = loaded
    ingest_paths([str(folder.parent / "export")], source_name="bulk")
    for name, table in FACTS.items():
        plain = [
            stored.name
            for column in table.columns
            if column.kind not in (Kind.REF, Kind.CONCEPT, Kind.ID)
            for stored in column.physical()
        ]
        ours = Counter(tuple(row[one] for one in plain) for row in rows(folder, name))
        theirs = Counter(tuple(row) for row in fetch(f'select {", ".join(plain)} from "fact_{name}"'))
        assert ours == theirs, name


def test_the_sweep_answers_over_the_folder_and_writes(
    tmp_path: Path, loaded: tuple[Path, Summary], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = loaded
    rules = content_root() / "rules"
    some = [rules / "prevention" / "influenza_vaccination.sql", rules / "medicines" / "medicine_runs_out.sql"]
    library = read_library(content_root(), places=some)
    monkeypatch.setattr(folders, "library", lambda: library)
    report = run_folder(str(folder), as_of=date(2026, 3, 9), answers=str(tmp_path / "answers"))
    assert report.patients == 2
    assert report.failed == []
    written = duckdb.execute(
        f"select count(*) from (select distinct filename, patient_id, subject"
        f" from read_parquet('{tmp_path / 'answers'}/*.parquet', filename = true, union_by_name = true))"
    ).fetchone()
    assert report.findings > 0
    assert written is not None
    assert 0 < written[0] <= report.findings
    with pytest.raises(FolderError, match="not empty"):
        run_folder(str(folder), as_of=date(2026, 3, 9), answers=str(tmp_path / "answers"))
    with pytest.raises(FolderError, match="beforehand bulk"):
        run_folder(str(tmp_path), as_of=date(2026, 3, 9))


def test_a_folder_that_is_not_new_or_holds_nothing_is_refused(tmp_path: Path, loaded: tuple[Path, Summary]) -> None:
    with pytest.raises(BulkError, match="not empty"):
        load(loaded[0].parent / "export", loaded[0], zone=ZONE)
    (tmp_path / "none").mkdir()
    with pytest.raises(BulkError, match="holds no file"):
        load(tmp_path / "none", tmp_path / "other", zone=ZONE)


def test_tables_of_another_warehouse_come_in_as_parquet(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    (folder / "observation.parquet").mkdir(parents=True)
    duckdb.execute(
        "copy (select * from (values ('p-ann', 'p-ann', date '1950-03-01', 'female'), ('p-ben', 'p-ben', null, 'male'))"
        f" t(id, patient_id, birth, sex)) to '{folder}/patient_record.parquet' (format parquet)"
    )
    rows_in = (
        "('o1', 'p-ann', 'final', 'loinc:4548-4', date '2026-01-05', 7100000),"
        " ('o2', 'p-gone', 'final', null, null, 1), ('o3', null, 'final', null, null, 1),"
        " ('o4', 'p-ben', 'final', 'nonsense', null, 1)"
    )
    duckdb.execute(
        f"copy (select * from (values {rows_in}) t(id, patient_id, status, code, taken, value_micro))"
        f" to '{folder}/observation.parquet/part-0.parquet' (format parquet)"
    )
    target = tmp_path / "columns"
    summary = load(folder, target, zone=ZONE)
    assert balanced(summary)
    assert (summary.outcome.received, summary.outcome.applied, summary.patients) == (6, 4, 2)
    assert summary.without_patient == {"observation": 1}
    assert {where for where, _ in summary.outcome.refused} == {"observation patient_id", "observation code"}
    (taken,) = rows(target, "observation")
    assert (taken["taken_from_day"], taken["taken_precision"], taken["value_micro"]) == (20458, "day", 7_100_000)
    members = {row["value_set"] for row in rows(target / "shared", "value_set_code") if row["code"] == taken["code"]}
    assert "a1c" in members
    duckdb.execute(f"copy (select 'x' as id, 'x' as patient_id, 1 as mood) to '{folder}/condition.parquet'")
    with pytest.raises(ParquetError, match="columns we do not know: mood"):
        load(folder, tmp_path / "other", zone=ZONE)


def test_only_the_tables_asked_for_are_read_and_the_rest_is_counted(
    tmp_path: Path, loaded: tuple[Path, Summary]
) -> None:
    every, _ = loaded
    summary = load(export(tmp_path / "export", FILES), tmp_path / "some", zone=ZONE, workers=1, only=["observation"])
    assert balanced(summary)
    assert summary.outcome.passed_over == 1  # the prescription; medicines and clinics are always read
    assert rows(tmp_path / "some", "observation") == rows(every, "observation")
    assert rows(tmp_path / "some", "medication_request") == []
    with pytest.raises(BulkError, match="no table observations"):
        load(tmp_path / "export", tmp_path / "none", zone=ZONE, only=["observations"])


def test_resources_inside_bundles_are_passed_over_too(tmp_path: Path) -> None:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in (
        patient("ann"), observation("o1", "ann", 7.1), REQUEST)]}  # fmt: skip
    files = {"all.ndjson": [bundle, bundle]}
    summary = load(export(tmp_path / "export", files), tmp_path / "some", zone=ZONE, only=["medication_request"])
    assert balanced(summary)
    assert (summary.outcome.passed_over, summary.rows.get("observation")) == (2, None)
    assert len(rows(tmp_path / "some", "medication_request")) == 1

"""Compared inside DuckDB or row by row in Python: a finding says the same, under the same fingerprint."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from beforehand.clinical import knowledge
from beforehand.clinical.content import content_root
from beforehand.lookahead.engines.answers import Answer, fingerprint
from beforehand.lookahead.engines.differences import Differences
from beforehand.lookahead.engines.duckdb import DuckEngine, places
from beforehand.lookahead.engines.memory import MemoryHouse
from beforehand.lookahead.errors import AnswerError
from beforehand.lookahead.library import CheckedQuery, read_library
from tests.factories.generated_people import GeneratedPeople

AS_OF = (date(2026, 3, 9) - date(1970, 1, 1)).days
SHIPPED = read_library(content_root())
QUERIES = tuple(SHIPPED.queries.values())


@pytest.fixture(scope="module")
def columns() -> Iterator[DuckEngine]:
    """People by chance, some facts of theirs labelled; other people with another SEED."""
    seed = int(os.environ.get("SEED", "20260309"))
    print(f"SEED={seed}")
    house = MemoryHouse()
    GeneratedPeople(SHIPPED.value_sets, 75, AS_OF, seed).fill(house, list(knowledge.RELATIONS))
    with TemporaryDirectory() as name, DuckEngine(threads=1, spill=Path(name)) as engine:
        (Path(name) / "people.db").write_bytes(house.connection.serialize())
        engine.attach("sqlite", str(Path(name) / "people.db"))
        engine.copy_facts(Path(name))
        engine.load_shared()
        engine.read_facts(Path(name), None)
        engine.has_vague = False  # what is made of vague days is in test_vague_days.py
        yield engine


def _by_python(engine: DuckEngine, checked: CheckedQuery) -> dict[tuple[str, int, str], str]:
    found = engine.answers(checked.query, checked.shape, AS_OF)
    labels = engine.labels(one for answer in found for one in answer.evidence)

    def labels_of(answer: Answer) -> str:
        words = {word for e in answer.evidence for word in labels.get((e.table, e.fact_id), "").split()}
        return " ".join(sorted(words))

    return {answer.key: fingerprint(answer, labels_of(answer)) for answer in found}


def _differences(engine: DuckEngine, checked: CheckedQuery) -> Differences:
    return Differences(engine, checked.query, checked.shape, places(AS_OF), AS_OF)


def _lines(rows: list[tuple[object, ...]], file: Path) -> Path:
    """What the store would write: number, rule, patient, subject, fingerprint, current, stale, lapses_on."""
    said = [f"{n},{rule},{who},{str(what).encode().hex()},{mark},1,0," for n, rule, who, what, mark in rows]
    file.write_text("\n".join(said))
    return file


@pytest.mark.parametrize("checked", QUERIES, ids=[one.query.id for one in QUERIES])
def test_a_finding_has_the_same_fingerprint_either_way(columns: DuckEngine, checked: CheckedQuery) -> None:
    try:
        by_python = _by_python(columns, checked)
    except AnswerError as refused:
        with pytest.raises(AnswerError, match=str(refused)[:40]):
            _differences(columns, checked).__enter__()
        return
    with _differences(columns, checked):
        by_duckdb = {(r, p, s): mark for r, p, s, mark in columns.rows(
            "select rule_id, patient_id, subject, fingerprint from found")}  # fmt: skip
    assert by_duckdb == by_python


def test_only_what_differs_is_handed_back(columns: DuckEngine, tmp_path: Path) -> None:
    checked = SHIPPED.queries["screening"]
    with _differences(columns, checked) as found:
        rows = columns.rows("select rule_id, patient_id, subject, fingerprint from found order by all")
        assert len(rows) > 5
        found.compare(_lines([], tmp_path / "none"))
        assert len(list(found.written())) == len(rows)
        stored = [(number, *row) for number, row in enumerate(rows, 1)]
        found.compare(_lines(stored, tmp_path / "same"))
        assert (list(found.written()), found.gone()) == ([], [])
        stored[0] = (*stored[0][:4], "another")
        left = (999, str(rows[0][0]), 10**6, "check:gone", "x")
        found.compare(_lines([*stored[:-1], left], tmp_path / "some"))
        assert sorted((row.number, row.subject) for row in found.written() if row.number) == [(1, str(stored[0][3]))]
        assert [row.subject for row in found.written() if row.number is None] == [stored[-1][3]]
        assert found.gone() == [(999, None)]

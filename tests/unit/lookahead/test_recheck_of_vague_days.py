"""A day known by its year reaches far; it must not stop a rule for everybody."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from beforehand.clinical.content import content_root
from beforehand.lookahead.agreement import disagreements
from beforehand.lookahead.cases import Case, Casebook, LoadedCases
from beforehand.lookahead.engines.answers import FORECAST_DAYS
from beforehand.lookahead.engines.duckdb import DuckEngine
from beforehand.lookahead.engines.rows import RowEngine
from beforehand.lookahead.errors import AnswerError
from beforehand.lookahead.library import read_library

RULE = "beds_to_come"
AS_OF = date(2026, 7, 10)
DAY = (AS_OF - date(1970, 1, 1)).days
SQL = """/* ---
title: A bed was ordered
why: It is needed.
kind: deadline
question: Has the bed come?
reason: "Ordered on {since_on}."
missing: {exact_day: Ask on which day.}
next_step: Ask.
authority: {name: Test, edition: "1", url: null, valid_from: 2020-01-01}
author: Test
clinical_review: {by: null, on: null}
needs: [device_request]
--- */
with ordered as (
    select o.patient_id, 'order:' || cast(o.id as varchar(20)) as subject, o.id, o.authored_from_day, o.authored_to_day
    from device_request o
    cross join as_of a
    where o.same_as = o.id and o.status = 'active' and o.authored_from_day <= a.day and o.authored_to_day > a.day - 45
),
evidence as (
    select patient_id, subject, 'device_request' as fact_table, id as fact_id, 'order' as role from ordered
)
select patient_id, subject, 'DUE' as status, authored_from_day as opens_on, authored_from_day as due_on,
       cast(null as integer) as lapses_on, authored_to_day + {reach} as recheck_on,
       cast(null as varchar(20)) as missing, authored_from_day as say_since_on
from ordered
"""


def _loaded(folder: Path, authored: str, reach: int = 45) -> LoadedCases:
    place = folder / "rules" / "visits"
    place.mkdir(parents=True)
    (place / f"{RULE}.sql").write_text(SQL.replace("{reach}", str(reach)), encoding="utf-8")
    for name in ("knowledge", "valuesets"):
        (folder / name).symlink_to(content_root() / name)
    library = read_library(folder, places=[place / f"{RULE}.sql"])
    assert not library.refused, [str(one) for one in library.refused]
    checked = library.queries[RULE]
    order = {"id": "o", "status": "active", "intent": "order", "code": "text:Bed", "authored": authored}
    case = Case("one", RULE, AS_OF, {"patients": {"ann": {"device_request": [order]}}}, 1)
    return LoadedCases(checked.query, checked.shape, Casebook(place, (case,), ()), library.value_sets)


@pytest.mark.parametrize("reach", (45, -200))  # beyond the forecast, and before today
def test_a_day_known_by_its_year_does_not_stop_the_rule(tmp_path: Path, reach: int) -> None:
    loaded = _loaded(tmp_path, "2026", reach)
    (group,) = loaded.groups
    (written,) = loaded.written(loaded.query, loaded.shape, group)
    assert written.recheck_on == (DAY + FORECAST_DAYS if reach > 0 else DAY + 1)
    assert list(disagreements(loaded)) == []
    person = group.low
    rows = RowEngine(loaded.house.connection)
    if reach > 0:
        assert [one.status for one in rows.answers(loaded.query, loaded.shape, person, DAY)] == ["UNKNOWN"]


def test_columns_are_as_patient_as_rows(tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, "2026")
    (group,) = loaded.groups
    with TemporaryDirectory() as name, DuckEngine(threads=1, spill=Path(name)) as duck:
        (Path(name) / "people.db").write_bytes(loaded.house.connection.serialize())
        duck.attach("sqlite", str(Path(name) / "people.db"))
        duck.copy_facts(Path(name))
        duck.load_shared()
        duck.read_facts(Path(name), None)
        assert duck.answers(loaded.query, loaded.shape, DAY) == RowEngine(loaded.house.connection).answers(
            loaded.query, loaded.shape, group.low, DAY
        )


def test_an_exact_day_out_of_bounds_is_the_authors_fault(tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, "2026-07-09", 400)
    (group,) = loaded.groups
    with pytest.raises(AnswerError, match="recheck_on"):
        loaded.written(loaded.query, loaded.shape, group)
    with pytest.raises(AnswerError, match="recheck_on"):
        RowEngine(loaded.house.connection).answers(loaded.query, loaded.shape, group.low, DAY)

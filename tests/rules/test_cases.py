"""Every rule's cases, collected from ``rules/**/*.cases.yaml``: a rule that says something else fails here by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from beforehand.clinical.content import content_root
from beforehand.lookahead.cases import LoadedCases, failures_of, read_cases
from beforehand.lookahead.check import test_library as run_library
from beforehand.lookahead.library import CheckedQuery, Library, read_library
from beforehand.lookahead.mutate import survivors

EXAMPLES_ROOT = Path(__file__).parent.parent / "rules_examples"
LIBRARIES = [read_library(content_root()), read_library(EXAMPLES_ROOT)]
RULES = [(library, checked) for library in LIBRARIES for checked in library.queries.values()]
IDS = [f"{checked.query.topic}/{checked.query.id}" for _, checked in RULES]


@pytest.mark.parametrize(("library", "checked"), RULES, ids=IDS)
def test_rule_says_what_its_cases_expect(library: Library, checked: CheckedQuery) -> None:
    loaded = LoadedCases(checked.query, checked.shape, read_cases(checked.query), library.value_sets)
    assert [str(failure) for failure in failures_of(loaded)] == []


def test_no_shipped_rule_is_refused() -> None:
    assert [str(refusal) for library in LIBRARIES for refusal in library.refused] == []


def test_every_file_of_cases_belongs_to_a_rule() -> None:
    lonely = [
        path.name
        for library in LIBRARIES
        for path in (library.root / "rules").rglob("*.cases.yaml")
        if not path.with_name(path.name.replace(".cases.yaml", ".sql")).is_file()
    ]
    assert lonely == []


def test_the_examples_of_the_manual_pin_their_rules_down() -> None:
    library = LIBRARIES[1]
    for checked in library.queries.values():
        loaded = LoadedCases(checked.query, checked.shape, read_cases(checked.query), library.value_sets)
        assert [str(survivor) for survivor in survivors(loaded)] == []


def test_rules_test_counts_cases_and_runs_them_on_both_engines() -> None:
    outcome = run_library(root=EXAMPLES_ROOT)
    assert outcome == {"rules": 3, "queries": 2, "cases": 7, "failures": []}

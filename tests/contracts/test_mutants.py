"""Broken inputs through every connector into the ledger. Twenty thousand: ``python -m bench.mutants``."""

from __future__ import annotations

import pytest
from bench._mutations import mutant
from bench._told import least_told
from bench.mutants import all_samples, run

from beforehand.care.needs.arrivals import ready_to_receive
from beforehand.intake.formats import CONNECTORS

SEED = 20261123


@pytest.mark.django_db
def test_broken_inputs_of_every_format_never_crash_and_are_all_accounted_for() -> None:
    ready_to_receive()
    ordeal = run(range(90), seed=SEED, with_rules=False)
    assert ordeal.crashes == ordeal.slow == ordeal.dropped == ordeal.unsaid == []
    assert ordeal.breaches == []
    assert ordeal.outcomes["applied"] > 0
    assert ordeal.outcomes["quarantined"] > 0
    assert ordeal.outcomes["refused"] > 0


@pytest.mark.django_db
def test_control_an_item_dropped_on_the_way_to_the_ledger_is_found() -> None:
    ready_to_receive()
    assert run(range(12), seed=SEED, drop=3, with_rules=False).dropped


def test_every_connector_has_its_turn_and_the_same_number_gives_the_same_bytes() -> None:
    samples = all_samples()
    some = [mutant(number, SEED, samples) for number in range(40)]
    assert {one.sample.format for one in some} == set(CONNECTORS)
    assert some == [mutant(number, SEED, samples) for number in range(40)]
    assert sum(one.content != one.sample.content for one in some) >= 35


@pytest.mark.parametrize(
    ("format_", "content", "least"),
    [
        ("hl7v2", b"MSH|^~\\&|A\rPID|1\rMSH|^~\\&|B\r", 2),
        ("fhir", b'{"resourceType":"Bundle","entry":[{},{},{}]}', 3),
        ("fhir", b'{"resourceType":"Patient"}\n{"resourceType":"Patient"}\n{"resour', 2),
        ("csv", b"#beforehand-list 1 2\n{}\n\nname\nAnn\n\nBob\n", 2),
        ("ics", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nBEGIN:VEVENT\nEND:VEVENT\n", 2),
        ("document", b"anything", 1),
        ("document", b" \n", 0),
    ],
)
def test_the_second_reading_counts_what_the_bytes_hold(format_: str, content: bytes, least: int) -> None:
    assert least_told(format_, content) == least

"""Spoilt and hostile documents: no crash, no hang, nothing lost in silence. ``bench/ccda.py`` tries thousands."""

import time

import pytest

from beforehand.intake.connectors.ccda import connector
from beforehand.intake.connectors.errors import ConnectorError
from tests.unit.intake.ccda_mutants import SAMPLES, accounts_for, try_mutants

CPU_SECONDS = 10  # the bench holds two; a test machine may be slow

HEAD = (
    '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    '<id root="1.2.3" extension="x"/><code code="34133-9" codeSystem="2.16.840.1.113883.6.1"/>'
    '<effectiveTime value="20260101"/><recordTarget><patientRole><id root="1.2.4" extension="p"/><patient>'
    "<name><given>A</given><family>B</family></name></patient></patientRole></recordTarget>"
    "<component><structuredBody>"
)
TAIL = "</structuredBody></component></ClinicalDocument>"
SECTION = '<component><section><code code="30954-2" codeSystem="2.16.840.1.113883.6.1"/>'
END = "</section></component>"


def test_mutants_are_read_refused_or_set_aside() -> None:
    found = try_mutants(150, seed=4)
    assert found.crashes == []
    assert found.silent == []
    assert found.mutants == 150
    assert found.refused and found.read


def test_control_a_lost_entry_is_noticed() -> None:
    content = SAMPLES[0].read_bytes()
    assert not accounts_for(content, set(), 2)


@pytest.mark.parametrize(
    "body",
    [
        SECTION + "<text>" + "<content>" * 240 + "<br/>" * 150_000 + "</content>" * 240 + "</text>" + END,
        SECTION + "<text>" + "<td>" * 240 + "x" * 500_000 + "</td>" * 240 + "</text>" + END,
        SECTION + "<component><section>" * 110 + "</section></component>" * 110 + END,
        (SECTION + END) * 20_000,
        SECTION + "<entry/>" * 50_000 + END,
        SECTION + "<entry><organizer>" + "<component><organizer>" * 100 + "</organizer></component>" * 100
        + "</organizer></entry>" + END,
        SECTION + "<entry><observation>" + "<entryRelationship><observation>" * 100
        + "</observation></entryRelationship>" * 100 + "</observation></entry>" + END,
        SECTION + "<entry><organizer>" + "<component><observation/></component>" * 30_000
        + "</organizer></entry>" + END,
        SECTION + "<text>" + "".join(f'<content ID="i{n}">' for n in range(200)) + "x" * 200_000 + "</content>" * 200
        + "</text>" + "".join(f'<entry><act><text><reference value="#i{n}"/></text></act></entry>' for n in range(200))
        + END,
        SECTION + f'<entry><observation><id root="{"1." * 100_000}1"/><code code="{"x" * 100_000}"/></observation>'
        + "</entry>" + END,
    ],
    ids=["breaks", "cells", "sections in sections", "sections", "empty entries", "organizers", "observations", "panel",
         "texts", "long names"],
)  # fmt: skip
def test_hostile_shapes_end_soon_with_items_or_a_reason(body: str) -> None:
    content = (HEAD + body + TAIL).encode()
    started = time.process_time()
    try:
        items = list(connector.items(content))
    except ConnectorError as refusal:
        assert refusal.reason
    else:
        assert accounts_for(content, {one.error.place for one in items if one.error}, len({one.unit for one in items}))
    assert time.process_time() - started < CPU_SECONDS


def test_a_second_body_is_not_lost_in_silence() -> None:
    body = f"{SECTION}<entry><act/></entry>{END}</structuredBody></component><component><structuredBody>"
    items = list(connector.items((HEAD + body + SECTION + "<entry><act/></entry>" + END + TAIL).encode()))
    assert "Document: section" in {one.error.place for one in items if one.error}

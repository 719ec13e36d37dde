"""The original of a fact is shown in its sender's own form, and nothing of another item stands in it."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from beforehand.intake.connectors import __file__ as connectors
from beforehand.intake.formats import items_of
from beforehand.intake.originals import original_of
from beforehand.intake.own_words import sees_all_of
from beforehand.record.access import for_principal, principal_of
from beforehand.record.models import FACT_MODELS, Item
from tests.access.people import enrol, make_team, make_user
from tests.factories.hl7_messages import admission
from tests.unit.intake.receiving import receive

SAMPLES = Path(connectors).parent


def sample(name: str) -> bytes:
    return next(SAMPLES.glob(f"*/samples/{name}")).read_bytes()


def originals(name: str) -> list[tuple[str, str, int | None]]:
    """Type, own words and unit of each item of a sample."""
    content = sample(name)
    found = []
    for raw in items_of(content, name):
        own = original_of(content, name, raw.place)
        assert own is not None
        found.append(((raw.resource or {}).get("resourceType", ""), own.words, raw.unit))
    return found


@pytest.mark.parametrize("name", [path.name for path in sorted(SAMPLES.glob("hl7v2/samples/*"))])
def test_an_item_of_a_batch_shows_its_own_message_alone(name: str) -> None:
    shown = {unit: words for kind, words, unit in originals(name) if kind}
    assert all(words.startswith("MSH\n") and words.count("MSH-10") == 1 for words in shown.values())
    numbers = [re.findall(r"MSH-10 +(\S+)", words)[0] for _, words in sorted(shown.items())]
    content = sample(name)
    assert len(numbers) == len(shown)
    assert all(content.index(one.encode()) < content.index(two.encode()) for one, two in pairwise(numbers))


def test_a_row_shows_its_own_cells_under_their_headings() -> None:
    shown = {unit: words for kind, words, unit in originals("members-with-mapping.csv") if kind}
    assert len(shown) > 1
    assert len({words.splitlines()[0] for words in shown.values()}) == len(shown)
    assert all("  " in words.splitlines()[2] for words in shown.values())


def test_an_entry_of_a_document_shows_the_words_of_its_section() -> None:
    shown = {kind: words for kind, words, _ in originals("continuity-of-care.xml")}
    assert shown["Patient"] == ""  # which stands in the header
    assert shown["AllergyIntolerance"]
    assert "<" not in shown["AllergyIntolerance"]


@pytest.mark.parametrize("name", [path.name for path in sorted(SAMPLES.glob("x12/samples/*"))])
def test_a_claim_shows_its_own_segments_alone(name: str) -> None:
    shown = [words for _, words, _ in originals(name) if words]
    for words in shown:
        firsts = [line.partition(" ")[0] for line in words.splitlines()]
        assert sum(firsts.count(begin) for begin in ("CLM", "CLP", "INS")) <= 1
        assert "HL" not in firsts
    if name.startswith(("claims", "remittance")):  # families share the numbers of a member: theirs are not told apart
        assert shown


@pytest.mark.django_db
def test_the_words_are_held_back_where_they_tell_of_something_hidden() -> None:
    content = admission("A-1")
    receive(content, name="one.hl7")
    stay = FACT_MODELS["encounter"].unscoped.get()
    team = make_team()
    enrol(_patient(stay.patient_id), team)
    access = for_principal(principal_of(make_user("CLINICIAN", team)))
    item = Item.objects.get(pk=stay.item_id)
    own = original_of(content, "one.hl7", item.place)
    assert own is not None
    assert sees_all_of(access, stay.patient_id, item, own.beside)
    other = FACT_MODELS["patient_record"].unscoped.get()
    FACT_MODELS["patient_record"].unscoped.filter(pk=other.pk).update(sensitivity="SUD")
    assert not sees_all_of(access, stay.patient_id, item, own.beside)
    labelled = own.raw._replace(resource=json.loads(_labelled()))
    FACT_MODELS["patient_record"].unscoped.filter(pk=other.pk).update(sensitivity="")
    assert not sees_all_of(access, stay.patient_id, item, (labelled,))
    Item.objects.filter(message_id=item.message_id).exclude(pk=item.pk).update(patient_id=stay.patient_id + 1)
    assert not sees_all_of(access, stay.patient_id, item, own.beside)  # of another person


def _patient(number: int) -> object:
    from_ = FACT_MODELS["patient_record"].unscoped.get(patient_id=number)
    return type("Numbered", (), {"pk": from_.patient_id})()


def _labelled() -> str:
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "ETH"}
    return json.dumps({"resourceType": "Observation", "meta": {"security": [label]}})

"""The pages of lists and contradictions: without script, with it, empty and long."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beforehand.care.medicines.lines import KINDS
from beforehand.care.needs import settling
from tests.unit.medicines.world import APIXABAN, NAMES, House, ann, order

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def dana(house: House, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(settling, "settle_patients", lambda *_, **__: 0)
    TOTP.activate(house.dana, "JBSWY3DPEHPK3PXP")
    client = Client()
    client.force_login(house.dana, backend=BACKEND)
    return client


def form_of(house: House, said: str, *, answer: str = "taking") -> dict[str, Any]:
    """What a browser sends: the seal as the page carried it, and an answer for each line."""
    seen = re.search(r'name="seen" value="([^"]+)"', said)
    assert seen
    lines = {f"answer-{line.key}": answer for line in house.list().current}
    return {"seen": html.unescape(seen[1]), "told_by": "patient", **lines}


def test_list_is_signed_given_and_taken_back_without_script(house: House, dana: Client) -> None:
    here = f"/people/{house.ann.pk}/medicines/"
    page = dana.get(f"{here}sign/").content.decode()
    missing = dana.post(f"{here}sign/", {"seen": "x"})
    assert missing.status_code == 422 and "which list was seen" in missing.content.decode()
    empty = dana.post(f"{here}sign/", {"seen": form_of(house, page)["seen"], "note": "kept"})
    assert empty.status_code == 422
    assert (
        empty.content.decode().count("Say what holds, or that you are not sure.") == 6
        and "kept" in empty.content.decode()
    )
    signed = dana.post(f"{here}sign/", form_of(house, page))
    assert signed.status_code == 302
    there = signed["Location"]
    assert "Nothing changed" in dana.get(there).content.decode()
    assert dana.post(f"{there}give/", {"to": "Dr. Park", "how": "fax"}).status_code == 302
    shown = dana.get(there).content.decode()
    assert "Dr. Park. By fax" in shown
    assert "You take" in dana.get(f"{there}print/").content.decode()
    given = re.search(r'action="(/lists/given/\d+/undo/)"', shown)
    assert given and dana.post(given[1]).status_code == 302
    assert "Given to nobody yet" in dana.get(there).content.decode()
    assert dana.post(f"{there}undo/").status_code == 302
    assert dana.get(there).status_code == 404
    assert "Nobody has signed it here" in dana.get(here).content.decode()


def test_with_script_the_form_swaps_itself_and_a_signed_list_opens(house: House, dana: Client) -> None:
    here = f"/people/{house.ann.pk}/medicines/sign/"
    page = dana.get(here).content.decode()
    wrong = dana.post(here, {"seen": form_of(house, page)["seen"]}, headers={"HX-Request": "true"})
    assert wrong.status_code == 422 and wrong.content.decode().lstrip().startswith("<form")
    done = dana.post(here, form_of(house, page), headers={"HX-Request": "true"})
    assert done.status_code == 204 and done["HX-Redirect"].startswith("/lists/")


def test_contradiction_is_settled_and_opened_again(house: House, dana: Client) -> None:
    seen = house.open()
    house.sign(seen=seen, answers={"Apixaban": "not-taking"})
    here = f"/people/{house.ann.pk}/differences/"
    page = html.unescape(dana.get(here).content.decode())
    assert "taken" in page and "not taken" in page and "Neither side wins" in page
    fields = {name: re.findall(rf'name="{name}" value="([^"]+)"', page)[0] for name in ("key", "seen")}
    nothing = dana.post(f"{here}settle/", fields)
    assert nothing.status_code == 422 and "Choose what holds." in nothing.content.decode()
    unsaid = dana.post(f"{here}settle/", fields | {"holds": "NEITHER"}, headers={"HX-Request": "true"})
    assert unsaid.status_code == 422 and "Say how you know." in unsaid.content.decode()
    said = fields | {"holds": "NEITHER", "reason": "Asked her and Dr. Osei"}
    assert "Both stay on record" in dana.post(f"{here}settle/", said, headers={"HX-Request": "true"}).content.decode()
    after = dana.get(here).content.decode()
    assert "Asked her and Dr. Osei" in after
    assert dana.post(f"{here}settle/", said).status_code == 302, "settled meanwhile: shown as it stands now"
    undo = re.search(r'action="(/people/\d+/differences/\d+/undo/)"', after)
    assert undo and dana.post(undo[1]).status_code == 302
    assert "Asked her and Dr. Osei" not in dana.get(here).content.decode()


def test_page_of_sixty_medicines_costs_no_more_questions_than_one_of_three(house: House, dana: Client) -> None:
    here = f"/people/{house.ann.pk}/medicines/"

    def cost() -> int:
        dana.get(here)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert dana.get(here).status_code == 200
        return len(asked)

    before = cost()
    many = []
    for number in range(60):
        one = order(f"m{number}", APIXABAN, authored=-number)
        name = f"Invented medicine number {number} with a long name {'of many words ' * 6}{number} MG"
        one["medicationCodeableConcept"] = {"text": name}
        many.append(one)
    house.bring("clinic", ann(), *many)
    assert len(house.list().current) == 63
    assert cost() <= before + 4
    assert NAMES[APIXABAN] in dana.get(f"{here}sign/").content.decode()


def test_empty_list_says_unknown_and_not_none(house: House, dana: Client) -> None:
    for kind, words in zip(KINDS, ("Go through", "That is not “no allergies”", "That is not “healthy”"), strict=True):
        said = html.unescape(dana.get(f"/people/{house.ann.pk}/{kind}/").content.decode())
        assert words in said
        assert dana.get(f"/people/{house.ann.pk}/{kind}/sign/").status_code == 200

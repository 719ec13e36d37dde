"""Going through a list: permission, as seen, what it states, undo, and the same again after a replay."""

from typing import Any

import orjson
import pytest

from beforehand.care.medicines.answers import Added, ListError
from beforehand.care.medicines.handing import give_list, handed, last_opened, undo_giving
from beforehand.care.medicines.lines import ALLERGIES, MEDICINES, PROBLEMS, SAID
from beforehand.care.medicines.seen import NotSeenError
from beforehand.care.medicines.signed import SignedListError, changed_since, named_list, signed_lists
from beforehand.care.medicines.signing import ListChangedError, sign_list, undo_signing
from beforehand.care.needs.actions import today
from beforehand.intake.blobs import read_blob
from beforehand.intake.replay import replay, written_ledger
from beforehand.record.access import AccessRefusedError, PatientNotVisibleError, for_principal, principal_of
from beforehand.record.audit import write_event
from beforehand.record.contradictions import contradictions_of
from beforehand.record.models import FACT_MODELS, AuditEvent
from beforehand.record.store.canon import canonical_record
from tests.unit.intake.test_replay import empty_the_house
from tests.unit.medicines.world import APIXABAN, METOPROLOL_25, METOPROLOL_50, House, allergy, order, problem


def rows(table: str, **wanted: Any) -> list[dict[str, Any]]:
    return list(FACT_MODELS[table]._meta.base_manager.filter(**wanted).order_by("id").values())  # type: ignore[union-attr]


def test_signing_states_what_the_patient_says_and_that_it_was_gone_through(house: House) -> None:
    list_id = house.sign(
        answers={"25 MG": "not-taking", "50 MG": ("changed", "half a tablet at night")}, note="By phone",
        added=[Added("Ibuprofen", "when the knee hurts")],
    )  # fmt: skip
    (done,) = rows("procedure")
    assert (done["id"], done["status"], done["done_to_day"]) == (list_id, "completed", today())
    said = {line.name: line.last(SAID) for line in house.list().lines}
    assert {name: (fact.status, fact.words) for name, fact in said.items() if fact} == {
        "Apixaban 5 MG Oral Tablet": ("active", ""),
        "Metoprolol Tartrate 25 MG Oral Tablet": ("not-taken", ""),
        "Metoprolol Tartrate 50 MG Oral Tablet": ("active", "half a tablet at night"),
        "Ibuprofen": ("active", "when the knee hurts"),
    }
    assert AuditEvent.objects.filter(action="sign_list.medicines", principal=f"user:{house.dana.pk}").count() == 1


def test_word_about_an_ordered_medicine_holds_for_its_day_and_one_about_another_goes_on(house: House) -> None:
    house.sign(added=[Added("Ibuprofen")])
    until = {line.name: line.last(SAID).until for line in house.list().current if line.last(SAID)}  # type: ignore[union-attr]
    assert until.pop("Ibuprofen") is None
    assert set(until.values()) == {today()}


def test_signed_list_is_shown_as_it_was(house: House) -> None:
    signed = named_list(principal_of(house.priya), house.sign(answers={"25 MG": "unsure"}, note="By phone"))
    assert (signed.by, signed.told_by_words, signed.note) == ("Dana Reyes", "The patient", "By phone")
    assert [(one.name[:15], one.answer_words(MEDICINES)) for one in signed.entries] == [
        ("Apixaban 5 MG O", "Takes it"), ("Metoprolol Tart", "Not sure"), ("Metoprolol Tart", "Takes it"),
    ]  # fmt: skip
    assert signed.entries[0].was["filled"].startswith("60 tablets, for 30 days; ")
    assert changed_since(signed, house.list()) == [], "the signing itself is no change"
    house.bring("hospital", order("large", METOPROLOL_50, authored=-1, dosageInstruction=[{"text": "1 a day"}]))
    house.bring("hospital", order("apixaban", APIXABAN, status="stopped"), order("new", METOPROLOL_25, authored=0))
    later = named_list(principal_of(house.priya), signed.list_id)
    assert later.entries == signed.entries
    changes = {(one.what, one.name) for one in changed_since(later, house.list())}
    assert ("CHANGED", "Metoprolol Tartrate 50 MG Oral Tablet") in changes
    assert ("CHANGED", "Metoprolol Tartrate 25 MG Oral Tablet") in changes


def test_list_that_changed_since_it_was_opened_is_not_signed(house: House) -> None:
    seen = house.open()
    house.bring("hospital", order("large", METOPROLOL_50, authored=-1, dosageInstruction=[{"text": "1 a day"}]))
    house.bring("hospital", order("other", METOPROLOL_25, authored=-1))
    with pytest.raises(ListChangedError) as refused:
        house.sign(seen=seen)
    changed = {one.name: one.both for one in refused.value.differences}
    ((sort, then, now),) = changed["Metoprolol Tartrate 50 MG Oral Tablet"]
    assert sort == "prescribed" and "twice a day" in then and "1 a day" in now
    assert rows("procedure") == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"answers": {"50 MG": ""}, "default": "taking"}, "line"),
        ({"answers": {"50 MG": "changed"}}, "line"),
        ({"told_by": ""}, "told_by"),
        ({"told_by": "records", "added": [Added("Ibuprofen")]}, "added"),
        ({"added": [Added(" ")]}, "added"),
        ({"note": "x" * 401}, ""),
        ({"none_known": True}, "none_known"),
    ],
)
def test_what_is_missing_is_named(house: House, more: dict[str, Any], field: str) -> None:
    with pytest.raises(ListError) as refused:
        house.sign(**more)
    assert refused.value.field == (house.line("50 MG").key if field == "line" else field)
    assert rows("procedure") == []


def test_only_who_reconciles_signs_and_only_their_own_form(house: House) -> None:
    with pytest.raises(AccessRefusedError, match="reconcile"):
        house.sign(by=house.cleo)
    with pytest.raises(NotSeenError):
        house.sign(by=house.priya, seen=house.open(by=house.dana))
    with pytest.raises(NotSeenError):
        house.sign(seen="made up")
    stranger = house.user("stranger", "COORDINATOR")
    stranger.teammember_set.all().delete()
    with pytest.raises(PatientNotVisibleError):
        sign_list(patient_id=house.ann.pk, kind=MEDICINES, by=stranger, seen="", review=None)  # type: ignore[arg-type]


def test_undo_takes_back_everything_and_what_was_ended_holds_again(house: House) -> None:
    first = house.sign(added=[Added("Ibuprofen", "one at night")])
    ibuprofen = house.line("Ibuprofen").last(SAID)
    second = house.sign(by=house.priya, answers={"Ibuprofen": "not-taking"})
    assert house.line("Ibuprofen").stands is False
    with pytest.raises(SignedListError, match="newer list"):
        undo_signing(list_id=first, by=house.dana)
    with pytest.raises(AccessRefusedError):
        undo_signing(list_id=second, by=house.dana)
    undo_signing(list_id=second, by=house.sam)
    again = house.line("Ibuprofen").last(SAID)
    assert ibuprofen and again and again.fact_id == ibuprofen.fact_id
    assert (again.status, again.until, again.words) == ("active", None, "one at night")
    assert [one.list_id for one in signed_lists(principal_of(house.dana), house.ann.pk, MEDICINES)] == [first]
    with pytest.raises(PatientNotVisibleError):
        named_list(principal_of(house.dana), second)
    undo_signing(list_id=first, by=house.dana)
    assert house.line("Apixaban").last(SAID) is None
    assert all(row["status"] == "entered-in-error" for row in rows("procedure"))


def test_newer_word_of_the_patient_replaces_the_older_and_stands_against_the_order_alone(house: House) -> None:
    house.sign(added=[Added("Ibuprofen")])
    house.sign(by=house.priya, answers={"Ibuprofen": "not-taking", "Apixaban": "not-taking"})
    access = for_principal(principal_of(house.dana))
    found = [
        one for one in contradictions_of(access, house.ann.pk, kinds=("medicine",)) if "Metoprolol" not in one.name
    ]
    between = [{said.source for side in (one.left, one.right) for said in side.said_by} for one in found]
    assert between and all("Priya Reyes" in sources and "Dana Reyes" not in sources for sources in between)
    assert all("Ibuprofen" not in one.name for one in found)


def test_from_records_alone_nothing_is_said_by_the_patient(house: House) -> None:
    house.sign(told_by="records", answers={"25 MG": "not-taking"})
    assert house.line("Apixaban").last(SAID) is None
    assert len(rows("procedure", status="completed")) == 1


def test_allergy_that_is_not_so_stands_against_the_source_and_none_known_is_a_persons_word(house: House) -> None:
    house.bring("hospital", allergy("penicillin", "Penicillin"))
    with pytest.raises(ListError, match="not both"):
        house.sign(ALLERGIES, none_known=True)
    list_id = house.sign(ALLERGIES, answers={"Penicillin": ("no", "it was a stomach ache")}, none_known=True)
    found = {(row["verification"], row["is_none_known"]) for row in rows("allergy")}
    assert found == {(None, 0), ("refuted", 0), ("confirmed", 1)}
    signed = named_list(principal_of(house.dana), list_id)
    assert signed.none_known and signed.entries[0].words == "it was a stomach ache"
    undo_signing(list_id=list_id, by=house.dana)
    (left,) = house.list(ALLERGIES).lines
    assert (left.name, left.stands, len(left.every)) == ("Penicillin", True, 1)


def test_problem_that_is_over_is_said_and_what_is_still_so_needs_no_new_fact(house: House) -> None:
    house.bring("hospital", problem("hip", "Hip fracture"), problem("af", "Atrial fibrillation"))
    list_id = house.sign(PROBLEMS, answers={"Hip": "over"}, added=[Added("Dizzy spells")])
    hers = {fact.source_id for line in house.list(PROBLEMS).lines for fact in line.every if fact.is_said}
    assert {row["clinical_status"] for row in rows("condition", source_id__in=hers)} == {"resolved", "active"}
    signed = named_list(principal_of(house.dana), list_id)
    assert [one.answer_words(PROBLEMS) for one in signed.entries] == ["Still so", "Over", "Added"]
    assert changed_since(signed, house.list(PROBLEMS)) == []


def test_line_with_a_label_is_hidden_in_the_signed_list_too(house: House) -> None:
    labelled = order("secret", METOPROLOL_50, authored=-2, meta={"security": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "SDV"}]})  # fmt: skip
    labelled["medicationCodeableConcept"] = {"text": "Secret salve"}
    house.bring("hospital", labelled)
    list_id = house.sign()
    seen_by = {who.username: named_list(principal_of(who), list_id) for who in (house.dana, house.priya)}
    assert "Secret salve" in {one.name for one in seen_by["dana"].entries}
    assert "Secret salve" not in {one.name for one in seen_by["priya"].entries} and seen_by["priya"].hidden == 1
    assert "Secret salve" not in {line.name for line in house.list(by=house.priya).lines}


def test_list_says_to_whom_it_was_given_and_who_opened_it(house: House) -> None:
    list_id = house.sign()
    given = give_list(list_id=list_id, to="Dr. Park", how="fax", by=house.dana)
    (one,) = handed(principal_of(house.priya), house.ann.pk, as_of=today(), list_id=list_id)
    assert (one.fact_id, one.words, one.by) == (given, "Dr. Park. By fax", "Dana Reyes")
    with pytest.raises(SignedListError):
        give_list(list_id=list_id, to=" ", how="fax", by=house.dana)
    with pytest.raises(PatientNotVisibleError):
        undo_giving(fact_id=rows("procedure")[0]["id"], by=house.dana)
    assert undo_giving(fact_id=given, by=house.dana) == house.ann.pk
    assert handed(principal_of(house.priya), house.ann.pk, as_of=today()) == []
    for who in (house.priya, house.dana, house.priya):
        write_event(principal_of(who), "medicines", patients={house.ann.pk: "READ"})
    write_event(principal_of(house.sam), "person", patients={house.ann.pk: "READ"})
    assert [name for name, _ in last_opened(principal_of(house.dana), house.ann.pk, ["medicines"])] == [
        "Priya Reyes",
        "Dana Reyes",
    ]


def test_replay_gives_the_same_lists(house: House) -> None:
    house.bring("hospital", allergy("penicillin", "Penicillin"))
    list_id = house.sign(added=[Added("Ibuprofen")], answers={"25 MG": "not-taking"})
    undone = house.sign(ALLERGIES, answers={"Penicillin": "no"})
    undo_signing(list_id=undone, by=house.dana)
    house.sign(by=house.priya, answers={"Ibuprofen": "not-taking"})
    before, shown = canonical_record(), named_list(principal_of(house.dana), list_id).entries
    ledger = orjson.loads(orjson.dumps(list(written_ledger())))
    empty_the_house()
    replay(ledger, read_bytes=read_blob)
    after = canonical_record()
    assert {name for name in before if before[name] != after[name]} == set()
    lists = signed_lists(principal_of(house.sam), house.ann.pk, MEDICINES)
    assert [one.by_user_id for one in lists] == [house.priya.pk, house.dana.pk]
    again = named_list(principal_of(house.sam), lists[-1].list_id)
    assert [(one.name, one.answer, one.was) for one in again.entries] == [
        (one.name, one.answer, one.was) for one in shown
    ]

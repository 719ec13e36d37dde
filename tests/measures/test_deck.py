"""The bench scores a deck of official cases: its arithmetic on an invented deck, and a few real cases of each measure.

The real deck lies beside the checkout (``../shared/data/ecqm``); where it is absent those tests are skipped and say so.
All of it is scored by ``python -m bench.ecqm``.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest
from bench._ecqm_deck import Deck, read_deck
from bench._ecqm_store import CaseStore
from bench.ecqm import score, within

SHARED = Path(__file__).parents[3] / "shared" / "data" / "ecqm"
A_MEASURE = 2  # cases


def visit(code: str) -> dict:
    return {
        "resource": {
            "resourceType": "Encounter", "id": "visit", "status": "finished", "class": {"code": "AMB"},
            "type": [{"coding": [{"system": "http://codes.example", "code": code}]}],
            "subject": {"reference": "Patient/ann"}, "period": {"start": "2031-02-01", "end": "2031-02-01"},
        }
    }  # fmt: skip


def case(name: str, expected: dict, *entries: dict, **more) -> dict:
    person = {"resource": {"resourceType": "Patient", "id": "ann", "birthDate": "1950-01-01", "gender": "female"}}
    return {
        "measure": "CMS139", "deckYear": "Y", "caseId": name, "title": name, "description": "",
        "period": {"start": "2031-01-01", "end": "2031-12-31"}, "expected": [expected], "referenceEngine": "agrees",
        "bundle": {"resourceType": "Bundle", "type": "transaction", "entry": [person, *entries]}, **more,
    }  # fmt: skip


IN = {"initial-population": 1, "denominator": 1, "denominator-exclusion": 0, "numerator": 0}
OUT = dict.fromkeys(IN, 0)
OFFICE = "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.464.1003.101.12.1001"


def invented(folder: Path, cases: list[dict]) -> Path:
    """A deck laid out like the real one."""
    folder.mkdir(exist_ok=True)
    lines = "\n".join(json.dumps(one) for one in cases).encode()
    with tarfile.open(folder / "anything.tar.gz", "w:gz") as packed:
        info = tarfile.TarInfo("cases/CMS139-2031.ndjson")
        info.size = len(lines)
        packed.addfile(info, io.BytesIO(lines))
    sets = {"deckYear": "Y", "url": OFFICE, "codes": [{"system": "http://codes.example", "code": "office"}]}
    (folder / "valuesets-any.ndjson.gz").write_bytes(gzip.compress(json.dumps(sets).encode()))
    (folder / "measures.json").write_text(json.dumps({"measures": []}))
    return folder


def test_agreement_is_counted_by_case_and_by_population(tmp_path):
    deck = read_deck(
        invented(
            tmp_path / "deck",
            [
                case("seen", IN, visit("office")),
                case("not seen", OUT, visit("other")),
                case("wrongly expected", IN, visit("other")),
                case("unsure", IN, referenceEngine="differs"),
            ],
        )
    )
    outcome = score(deck)
    found = outcome["measures"]["CMS139"]
    assert (found["cases"], found["agree"], found["agreement"]) == (3, 2, 0.6667)
    assert found["by_population"]["initial-population"] == {"scored": 3, "agree": 2, "agreement": 0.6667}
    assert found["by_population"]["numerator"] == {"scored": 3, "agree": 3, "agreement": 1.0}
    assert {(miss["caseId"], miss["population"], miss["expected"], miss["found"]) for miss in found["misses"]} == {
        ("wrongly expected", "initial-population", 1, 0),
        ("wrongly expected", "denominator", 1, 0),
    }
    assert all(miss["reason"] for miss in found["misses"])
    assert outcome["pooled"]["cases"] == 3 and outcome["unscored"] == {"reference engine differs or fails": 1}


def test_each_case_has_a_store_of_its_own(tmp_path):
    """The same ids in two cases never meet, in whichever order they come."""
    cases = [case("a seen", IN, visit("office")), case("b not seen", OUT), case("c seen", IN, visit("office"))]
    assert score(read_deck(invented(tmp_path / "deck", cases)))["measures"]["CMS139"]["agree"] == 3


def test_a_measure_nobody_wrote_misses_all_its_cases(tmp_path):
    cases = [case("strange", OUT, measure="CMS1")]
    found = score(read_deck(invented(tmp_path / "deck", cases)))["measures"]["CMS1"]
    assert (found["cases"], found["agree"]) == (1, 0)
    assert {miss["reason"] for miss in found["misses"]} == {"there is no such measure here; strange"}


def without(name: str, *absent: str, **more) -> dict:
    return {key: value for key, value in {**case(name, IN, visit("office")), **more}.items() if key not in absent}


def test_a_case_that_lacks_something_hides_no_other(tmp_path):
    report = {
        "period": {"start": "2031-01-01", "end": "2031-12-31"},
        "group": [{"population": [{"code": {"coding": [{"code": name}]}, "count": many} for name, many in IN.items()]}],
    }
    cases = [
        without("no period", "period"),
        without("no bundle", "bundle"),
        without("no counts", "expected"),
        without("only a report", "expected", "period", measureReport=report),
        case("one count is empty", {**IN, "numerator": None}, visit("office")),
        without("no title", "title", "description", "deckYear"),
        case("another period", OUT, visit("office"), period={"start": "2032-01-01T00:00:00Z", "end": "2032-12-31"}),
    ]
    outcome = score(read_deck(invented(tmp_path / "deck", cases)))
    found = outcome["measures"]["CMS139"]
    assert (found["cases"], found["agree"]) == (6, 4)
    assert {miss["caseId"]: miss["found"] for miss in found["misses"]} == {"no bundle": None, "no period": None}
    assert all("the deck states no" in miss["reason"] for miss in found["misses"])
    assert outcome["unscored"] == {"the deck states no expected counts for this case": 1}


def test_a_line_that_is_no_json_is_told_and_hides_no_case(tmp_path):
    folder = invented(tmp_path / "deck", [case("seen", IN, visit("office"))])
    (folder / "more.ndjson").write_text("{\n[]\n\n5\n")
    (folder / "notes.json").write_text("no json")
    outcome = score(read_deck(folder))
    assert outcome["measures"]["CMS139"]["agree"] == 1
    assert outcome["unscored"] == {"a line of more.ndjson is no JSON": 1, "notes.json is no JSON": 1}


def test_a_case_that_breaks_off_does_not_break_the_next(tmp_path, monkeypatch):
    cases = [case("a breaks", IN, visit("office")), case("b seen", IN, visit("office"))]
    deck = read_deck(invented(tmp_path / "deck", cases))
    whole = CaseStore._people

    def broken(store: CaseStore, records: list) -> list[int]:
        monkeypatch.setattr(CaseStore, "_people", whole)
        store.house.connection.execute("begin")
        raise ValueError("broken off")

    monkeypatch.setattr(CaseStore, "_people", broken)
    found = score(deck)["measures"]["CMS139"]
    assert (found["cases"], found["agree"]) == (2, 1)
    assert {miss["caseId"] for miss in found["misses"]} == {"a breaks"}
    assert all("failed: ValueError" in miss["reason"] for miss in found["misses"])


def test_resources_that_a_bundle_gives_the_same_id_are_several(tmp_path):
    cases = [
        case("the second counts", IN, visit("other"), visit("office")),
        case("the first counts", IN, visit("office"), visit("other")),
        case("both people count", {name: 2 * many for name, many in IN.items()}, visit("office"), *bob()),
    ]
    assert score(read_deck(invented(tmp_path / "deck", cases)))["measures"]["CMS139"]["agree"] == 3


def bob() -> list[dict]:
    seen = visit("office")
    seen["resource"] |= {"id": "his", "subject": {"reference": "Patient/bob"}}
    return [{"resource": {"resourceType": "Patient", "id": "bob", "birthDate": "1950-01-01"}}, seen]


def test_a_miss_names_the_value_sets_that_the_deck_lacks(tmp_path):
    deck = read_deck(invented(tmp_path / "deck", [case("other visit", IN, visit("other"))]))
    (reason,) = {miss["reason"] for miss in score(deck)["measures"]["CMS139"]["misses"]}
    assert "the deck has no codes of" in reason and "vsac_hospice_encounter" in reason
    assert "vsac_office_visit" not in reason


def test_value_sets_of_another_year_or_version_serve_where_the_own_year_has_none(tmp_path):
    folder = invented(tmp_path / "deck", [case("seen", IN, visit("office"), deckYear="Z")])
    more = {"deckYear": "W", "url": f"{OFFICE}|20300101", "codes": [{"system": "http://codes.example", "code": "hall"}]}
    (folder / "valuesets-more.ndjson").write_text(json.dumps(more))
    deck = read_deck(folder)
    oid = OFFICE.rsplit("/", 1)[1]
    assert {code for _, code in deck.codes_of(oid, "W")} == {"hall"}
    assert {code for _, code in deck.codes_of(oid, "Z")} == {"office"}
    assert score(deck)["pooled"]["agree"] == 1


def test_only_the_measures_asked_for_are_scored(tmp_path):
    cases = [case("seen", IN, visit("office")), case("strange", OUT, measure="CMS1")]
    deck = read_deck(invented(tmp_path / "deck", cases))
    assert set(score(deck, "cms139, CMS2")["measures"]) == {"CMS139"}
    assert score(deck, "CMS2") == {
        "measures": {},
        "pooled": {"cases": 0, "agree": 0, "agreement": 0.0, "by_population": {}},
        "unscored": {},
    }


def test_a_deck_may_be_one_archive(tmp_path):
    folder = invented(tmp_path / "deck", [case("seen", IN, visit("office"))])
    with tarfile.open(tmp_path / "deck.tar.gz", "w:gz") as packed:
        packed.add(folder, arcname="deck")
    assert score(read_deck(tmp_path / "deck.tar.gz"))["pooled"]["agree"] == 1


def test_codes_within_a_range():
    pairs = frozenset({("cpt", "99024"), ("cpt", "99429"), ("cpt", "96156")})
    assert within(pairs, ["99000-99099", "99381-99429"]) == {("cpt", "99024"), ("cpt", "99429")}
    assert within(pairs, []) == pairs


@pytest.fixture(scope="module")
def real() -> Deck:
    if not SHARED.is_dir():
        pytest.skip("the shared eCQM deck is not here")
    deck = read_deck(SHARED)
    kept, many = [], {}
    for one in deck.cases:
        many[one.measure] = many.get(one.measure, 0) + 1
        if one.is_agreed and many[one.measure] % 4 == 1 and many[one.measure] <= 4 * A_MEASURE:
            kept.append(one)
    deck.cases = kept
    return deck


def test_a_few_official_cases_of_each_measure_agree(real):
    outcome = score(real)
    assert len(outcome["measures"]) == 18
    assert [miss for one in outcome["measures"].values() for miss in one["misses"]] == []


def test_without_value_sets_the_official_cases_do_not_agree(real):
    """The control: agreement comes from the record and the codes, not from what is expected."""
    bare = Deck(real.cases, {}, real.single_codes)
    assert score(bare)["pooled"]["agreement"] < 0.5


def test_with_the_facts_taken_away_nobody_is_counted(real):
    emptied = [
        one.__class__(**{**one.__dict__, "bundle": {**one.bundle, "entry": [
            entry for entry in one.bundle["entry"] if entry["resource"]["resourceType"] == "Patient"]}})
        for one in real.cases
    ]  # fmt: skip
    outcome = score(Deck(emptied, real.sets, real.single_codes))
    assert all(not miss["found"] for one in outcome["measures"].values() for miss in one["misses"])
    assert outcome["pooled"]["agreement"] < 0.5

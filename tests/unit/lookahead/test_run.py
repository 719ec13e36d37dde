"""A run over the database: findings appear, change, go, come back; a failing rule takes nothing along."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from beforehand.clinical.times import day_of, parse_when
from beforehand.lookahead import house, run
from beforehand.lookahead.columns import columns_folder, compact
from beforehand.lookahead.engines import spark
from beforehand.lookahead.engines.spark import SMALL, SparkMissingError, lacking, start
from beforehand.lookahead.findings import findings_as_dicts
from beforehand.lookahead.library import Library, read_library
from beforehand.lookahead.models import ColumnCopy, Finding, RuleFailure, RuleState
from beforehand.lookahead.words import fill, show
from beforehand.record.access import system_principal
from beforehand.record.models import FACT_MODELS, Concept, ConceptCoding, Patient, ValueSetCode
from beforehand.record.store.touched import NO_CODE

EXAMPLES = Path(__file__).parents[2] / "rules_examples"
RULE = "example_contact_after_discharge"
FRIDAY = date(2026, 3, 6)
MONDAY = date(2026, 3, 9)
pytestmark = pytest.mark.django_db


class Shelf:
    """The library the runner sees; tests change it as an author would change files."""

    def __init__(self) -> None:
        self.library: Library = read_library(EXAMPLES)

    def without(self, *names: str) -> None:
        for name in names:
            for rule_id in self.library.queries.pop(name).query.rules:
                del self.library.rules[rule_id]


@pytest.fixture(autouse=True)
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """The examples of the manual as the whole library, over a small calendar."""
    made = Shelf()
    rows = [row for row in house.calendar_rows() if row[1] > day_of(date(2024, 1, 1))]
    monkeypatch.setattr(house, "calendar_rows", lambda *_, **__: iter(rows))
    monkeypatch.setattr(house, "load_shipped", lambda: None)
    monkeypatch.setattr(house, "load_knowledge", list)
    monkeypatch.setattr(house, "library", lambda: made.library)
    house._READY.clear()
    yield made
    house._READY.clear()


class House:
    """Invented people in the database."""

    def __init__(self) -> None:
        self.ids = 5000
        contact = Concept.objects.create(digest="contact", key="work:call")
        ConceptCoding.objects.create(concept=contact, system="work", code="call")
        ValueSetCode.objects.create(value_set="example_contact", code=contact.pk)
        self.contact = contact.pk
        self.seq = 1

    def person(self) -> Patient:
        return Patient.unscoped.create(birth_from_day=0, birth_to_day=0, changed_seq=self.seq)

    def fact(self, table: str, patient: Patient, **values: Any) -> int:
        self.ids += 1
        self.seq += 1
        for name in ("start", "end", "sent"):
            if name in values:
                when = parse_when(values.pop(name))
                values |= {f"{name}_from_day": when.from_day, f"{name}_to_day": when.to_day}
        FACT_MODELS[table]._default_manager.create(
            id=self.ids, patient_id=patient.pk, person_record_id=1, source_id=1, item_id=1, same_as=self.ids,
            **{"sensitivity": "", **values},
        )  # fmt: skip
        Patient.unscoped.filter(pk=patient.pk).update(changed_seq=self.seq)
        return self.ids

    def stay(self, patient: Patient, **values: Any) -> int:
        given = {"status": "finished", "class_code": "IMP", "start": "2026-03-02", "end": "2026-03-06", **values}
        return self.fact("encounter", patient, **given)

    def call(self, patient: Patient, sent: str = "2026-03-09", **values: Any) -> int:
        return self.fact("communication", patient, status="completed", code=self.contact, sent=sent, **values)


@pytest.fixture
def people() -> House:
    return House()


def test_a_discharge_is_found_with_its_dates_and_evidence(people: House) -> None:
    ann = people.person()
    stay = people.stay(ann)
    report = run.run_patients([ann.pk], as_of=MONDAY)
    finding = Finding.unscoped.get()
    assert (finding.rule_id, finding.status, finding.subject) == (RULE, "DUE", f"stay:{stay}")
    assert finding.due_on == day_of(date(2026, 3, 10))
    assert finding.evidence == [{"table": "encounter", "fact_id": stay, "role": "stay"}]
    assert report.changed == [finding.pk]
    assert (report.patients, report.findings, report.by_status) == (1, 1, {"DUE": 1})


def test_a_second_run_writes_nothing(people: House) -> None:
    ann = people.person()
    people.stay(ann)
    run.run_patients([ann.pk], as_of=MONDAY)
    before = Finding.unscoped.values().get()
    assert run.run_patients([ann.pk], as_of=MONDAY).changed == []
    assert Finding.unscoped.values().get() == before


def test_a_call_turns_it_met_in_the_same_finding(people: House) -> None:
    ann = people.person()
    people.stay(ann)
    run.run_patients([ann.pk], as_of=MONDAY)
    first = Finding.unscoped.get().pk
    people.call(ann)
    run.run_patients([ann.pk], as_of=MONDAY, changed={"communication": None})
    finding = Finding.unscoped.get()
    assert (finding.pk, finding.status, len(finding.evidence)) == (first, "MET", 2)


def test_a_rule_that_does_not_rest_on_the_changed_table_is_not_run(people: House) -> None:
    ann = people.person()
    people.stay(ann)
    assert run.run_patients([ann.pk], as_of=MONDAY, changed={"immunization": None}).findings == 0
    assert run.run_patients([ann.pk], as_of=MONDAY, changed={"encounter": None}).findings == 1


def test_a_rule_is_asked_when_facts_came_whose_code_it_looks_for(people: House) -> None:
    ann = people.person()
    people.stay(ann)
    other = Concept.objects.create(digest="other", key="work:other").pk
    assert run.run_patients([ann.pk], as_of=MONDAY, changed={"communication": frozenset({other})}).findings == 0
    assert run.run_patients([ann.pk], as_of=MONDAY, changed={"communication": frozenset({NO_CODE})}).findings == 0
    both = frozenset({other, people.contact})
    assert run.run_patients([ann.pk], as_of=MONDAY, changed={"communication": both}).findings == 1


def test_whose_days_are_not_known_is_asked_about_whatever_came(people: House) -> None:
    """The days of other facts are days to suppose: what came may make the answer hang on one."""
    ann, bea = people.person(), people.person()
    people.stay(ann)
    people.stay(bea, start="2026-03", end="2026-03-06")
    other = Concept.objects.create(digest="other", key="work:other").pk
    report = run.run_patients([ann.pk, bea.pk], as_of=MONDAY, changed={"communication": frozenset({other})})
    assert (report.findings, {one.patient_id for one in Finding.unscoped.all()}) == (1, {bea.pk})


def test_a_rule_that_failed_is_tried_again_with_whatever_comes(people: House) -> None:
    ann = people.person()
    people.stay(ann)
    other = Concept.objects.create(digest="other", key="work:other").pk
    query = next(name for name, one in house.library().queries.items() if RULE in one.query.rules)
    RuleFailure.objects.create(rule_id=query, what="it failed", since=timezone.now())
    assert run.run_patients([ann.pk], as_of=MONDAY, changed={"communication": frozenset({other})}).findings == 1
    assert not RuleFailure.objects.exists()


def test_a_subject_no_longer_found_is_withdrawn_and_comes_back(people: House) -> None:
    ann = people.person()
    stay = people.stay(ann)
    run.run_patients([ann.pk], as_of=MONDAY)
    encounters = FACT_MODELS["encounter"]._default_manager.filter(pk=stay)
    encounters.update(status="entered-in-error")
    run.run_patients([ann.pk], as_of=MONDAY)
    finding = Finding.unscoped.get()
    assert (finding.state, finding.why) == ("WITHDRAWN", "the record no longer shows it")
    encounters.update(status="finished")
    run.run_patients([ann.pk], as_of=MONDAY)
    assert Finding.unscoped.get().state == "CURRENT"


def test_a_finding_carries_the_labels_of_its_evidence(people: House) -> None:
    ann = people.person()
    people.stay(ann, sensitivity="MENTAL R")
    people.call(ann, sensitivity="SUD")
    run.run_patients([ann.pk], as_of=MONDAY)
    assert Finding.unscoped.get().sensitivity == "MENTAL R SUD"


def test_another_day_is_replayed_without_keeping_anything(people: House) -> None:
    ann = people.person()
    people.stay(ann)
    report = run.run_patients([ann.pk], as_of=FRIDAY, store=False)
    assert [answer.status for answer in report.answers] == ["DUE"]
    assert not Finding.unscoped.exists()
    assert not run.run_patients([ann.pk], as_of=FRIDAY - timedelta(days=1), store=False).answers


def test_a_row_whose_day_has_come_is_looked_at_again(people: House) -> None:
    ann = people.person()
    people.stay(ann)
    run.run_patients([ann.pk], as_of=MONDAY)
    recheck = Finding.unscoped.get().recheck_on
    assert recheck == day_of(FRIDAY) + 31
    assert run.run_due(as_of=FRIDAY + timedelta(days=30)).patients == 0
    assert run.run_due(as_of=FRIDAY + timedelta(days=31)).patients == 1
    finding = Finding.unscoped.get()
    assert (finding.state, finding.why, finding.recheck_on) == ("WITHDRAWN", "it has lapsed", None)


@pytest.mark.django_db(transaction=True)  # DuckDB reads what is committed
@pytest.mark.parametrize("engine", ["rows", "duckdb"])
def test_everyone_is_run_alike_on_either_engine(people: House, engine: str) -> None:
    ann, ben, cora = people.person(), people.person(), people.person()
    people.stay(ann)
    people.stay(ben, sensitivity="MENTAL")
    people.call(ben)
    people.fact("immunization", cora, status="completed")
    report = run.run_everyone(as_of=MONDAY, engine=engine)
    assert (report.engine, report.patients, report.by_status) == (engine, 3, {"DUE": 1, "MET": 1})
    found = Finding.unscoped.order_by("patient_id").values_list("patient_id", "status", "sensitivity")
    assert list(found) == [(ann.pk, "DUE", ""), (ben.pk, "MET", "MENTAL")]


@pytest.mark.django_db(transaction=True)
def test_the_columns_follow_the_rows_by_a_delta_until_they_are_compacted(people: House) -> None:
    everyone = [people.person() for _ in range(12)]
    for patient in everyone:
        people.stay(patient)
    run.run_everyone(as_of=MONDAY, engine="duckdb")
    base = ColumnCopy.objects.get(name="base").folder
    people.call(everyone[3])
    report = run.run_everyone(as_of=MONDAY, engine="duckdb")
    assert report.by_status == {"DUE": 11, "MET": 1}
    assert ColumnCopy.objects.get(name="base").folder == base
    assert ColumnCopy.objects.filter(name="delta").exists()
    assert columns_folder().stat().st_mode & 0o077 == 0
    assert compact()
    assert not ColumnCopy.objects.filter(name="delta").exists()
    assert run.run_everyone(as_of=MONDAY, engine="duckdb").changed == []


@pytest.mark.django_db(transaction=True)
def test_a_call_of_some_day_in_march_leaves_it_unknown_on_rows_and_columns(people: House) -> None:
    ann, ben = people.person(), people.person()
    people.stay(ann)
    people.stay(ben)
    people.fact("communication", ann, status="completed", code=people.contact, sent="2026-03")
    assert run.run_everyone(as_of=MONDAY, engine="rows").by_status == {"UNKNOWN": 1, "DUE": 1}
    assert Finding.unscoped.get(patient_id=ann.pk).missing == "exact_day"
    assert run.run_everyone(as_of=MONDAY, engine="duckdb").changed == []


LACK = lacking()


@pytest.mark.one_database
@pytest.mark.skipif(LACK is not None, reason=str(LACK))
@pytest.mark.django_db(transaction=True)
def test_spark_brings_back_what_the_columns_would_have_found(people: House, monkeypatch: pytest.MonkeyPatch) -> None:
    everyone = [people.person() for _ in range(18)]
    stays = [people.stay(patient) for patient in everyone]
    session = start("local[1]", SMALL)
    monkeypatch.setattr(spark, "BATCH_ROWS", 3)
    try:
        report = run.run_everyone(as_of=MONDAY, engine="spark")
        assert (report.engine, report.by_status, report.failed) == ("spark", {"DUE": 18}, [])
        people.call(everyone[3])
        people.fact("communication", everyone[4], status="completed", code=people.contact, sent="2026-03")
        FACT_MODELS["encounter"]._default_manager.filter(pk=stays[5]).update(status="entered-in-error")
        Patient.unscoped.filter(pk=everyone[5].pk).update(changed_seq=people.seq)
        again = run.run_everyone(as_of=MONDAY, engine="spark")
        assert ColumnCopy.objects.filter(name="delta").exists()
        assert (again.by_status, len(again.changed)) == ({"DUE": 15, "UNKNOWN": 1, "MET": 1}, 3)
        assert list(Finding.unscoped.exclude(state="CURRENT").values_list("patient_id", flat=True)) == [everyone[5].pk]
        assert run.run_everyone(as_of=MONDAY, engine="duckdb").changed == []
    finally:
        session.stop()


def test_spark_says_what_it_lacks_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "find_spec", lambda _: None)
    with pytest.raises(SparkMissingError, match=r"PySpark is not installed.*pip install 'beforehand\[spark\]'"):
        run.run_everyone(as_of=MONDAY, engine="spark")
    monkeypatch.setattr(spark, "find_spec", lambda _: object())
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    assert str(lacking()).startswith("JAVA_HOME holds no Java. Install Java 17 or newer")


def test_a_rule_that_fails_loses_nothing_and_blocks_nobody(people: House, shelf: Shelf, tmp_path: Path) -> None:
    ann = people.person()
    people.stay(ann)
    run.run_patients([ann.pk], as_of=MONDAY)
    sound = shelf.library.queries[RULE]
    broken = _other_text(tmp_path, sound.query.path.read_text().replace("r.end_to_day + 31", "r.end_to_day - 400"))
    shelf.library.queries[RULE] = broken.queries[RULE]
    report = run.run_patients([ann.pk], as_of=MONDAY)
    assert report.failed == [RULE]
    finding = Finding.unscoped.get()
    assert (finding.status, finding.state, finding.is_stale) == ("DUE", "CURRENT", True)
    assert "recheck_on" in RuleFailure.objects.get(rule_id=RULE).what
    shelf.library.queries[RULE] = sound
    run.run_patients([ann.pk], as_of=MONDAY)
    assert not Finding.unscoped.get().is_stale
    assert not RuleFailure.objects.exists()


def test_a_changed_rule_is_swept_and_says_so(people: House, shelf: Shelf, tmp_path: Path) -> None:
    ann = people.person()
    people.stay(ann)
    run.sweep_changed_rules(as_of=MONDAY)
    assert run.sweep_changed_rules(as_of=MONDAY).findings == 0, "nothing changed, so nothing is swept"
    digest = RuleState.objects.get(rule_id=RULE).digest
    text = shelf.library.queries[RULE].query.path.read_text().replace("a.day - 30", "a.day - 2")
    shelf.library.queries[RULE] = _other_text(tmp_path, text).queries[RULE]
    run.sweep_changed_rules(as_of=MONDAY)
    assert Finding.unscoped.get().state == "RULE_CHANGED"
    assert RuleState.objects.get(rule_id=RULE).digest != digest


def test_a_rule_that_left_leaves_its_findings_marked(people: House, shelf: Shelf) -> None:
    ann = people.person()
    people.stay(ann)
    run.sweep_changed_rules(as_of=MONDAY)
    shelf.without(RULE)
    run.sweep_changed_rules(as_of=MONDAY)
    assert Finding.unscoped.get().state == "RULE_CHANGED"
    assert not RuleState.objects.filter(rule_id=RULE).exists()


def test_findings_are_listed_for_those_who_may_see_them(people: House) -> None:
    ann = people.person()
    people.stay(ann)
    run.run_patients([ann.pk], as_of=MONDAY)
    listed = list(findings_as_dicts(system_principal("operator"), patient_id=ann.pk))
    assert [(one["rule"], one["status"], one["due_on"]) for one in listed] == [(RULE, "DUE", "2026-03-10")]
    assert list(findings_as_dicts(system_principal("operator"), status="MET")) == []


def test_words_show_days_with_their_weekday_and_money_in_dollars(people: House) -> None:
    finding = Finding(due_on=day_of(date(2026, 12, 4)), say={"say_owed_cents": 123456, "say_clinic": None})
    said = fill("{patient} owes {owed_cents} by {due_on} to {clinic}", finding, patient="Ann")
    assert said == "Ann owes $1,234.56 by Fri, Dec 4 to not said"
    assert show("left", 7) == "7"


def _other_text(tmp_path: Path, text: str) -> Library:
    folder = tmp_path / "rules" / "transitions"
    folder.mkdir(parents=True)
    (folder / f"{RULE}.sql").write_text(text)
    return read_library(tmp_path, known_sets=["example_contact"])

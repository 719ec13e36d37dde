"""Searches are asked page by page, go on where they stood, and after that ask only for what changed."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from beforehand.care.needs.models import LIVE, Need
from beforehand.care.needs.operations import update_operations
from beforehand.doors.pull import search
from beforehand.intake.models import PullRun
from beforehand.intake.quarantine import check_balance
from beforehand.record.models import FACT_MODELS, Message, Patient
from tests.unit.pull.conftest import Post
from tests.unit.pull.fhir_server import Answering, Visit


def facts() -> int:
    return FACT_MODELS["observation"].unscoped.count()


def queries(post: Post, part: str) -> list[dict[str, str]]:
    return [
        {name: values[0] for name, values in parse_qs(urlsplit(visit.path).query).items()}
        for visit in post.server.visits(part)
    ]


def test_a_patients_records_come_type_by_type_and_page_by_page(post: Post) -> None:
    outcome = post.run(post.asks("SEARCH", patients=("p0", "p2")))
    assert (outcome.state, outcome.received, outcome.applied) == ("DONE", 10, 10)
    assert (Patient.unscoped.count(), facts()) == (2, 8)
    assert [each.get("page") for each in queries(post, "/fhir/Observation?patient=p0")] == [None, "2"]
    assert check_balance() == []


def test_everything_of_a_patient_is_asked_for_where_it_is_offered(post: Post) -> None:
    post.server.operations = ["everything"]
    outcome = post.run(post.asks("SEARCH", patients=("p0",)))
    assert (outcome.state, outcome.applied) == ("DONE", 5)
    assert len(post.server.visits("/fhir/Patient/p0/$everything")) == 3
    assert post.server.visits("/fhir/Observation") == []


def test_without_patients_the_whole_server_is_searched_by_type(post: Post) -> None:
    assert post.run(post.asks("SEARCH")).applied == 15


def test_the_next_round_asks_only_for_what_changed_by_the_servers_clock(post: Post) -> None:
    pull = post.asks("SEARCH", patients=("p1",))
    post.run(pull)
    pull.refresh_from_db()
    begun = post.clock.now() - search.OVERLAP
    assert abs((datetime.fromisoformat(pull.since) - begun).total_seconds()) <= 1
    newer = {**post.server.records["Observation"][4], "meta": {"lastUpdated": "2999-01-01T00:00:00Z"}}
    newer["valueQuantity"] = {"value": 99, "unit": "mg/dL"}
    post.server.records["Observation"][4] = newer
    messages = Message.objects.count()
    outcome = post.run(pull)
    assert queries(post, "/fhir/Observation?patient=p1")[-1]["_lastUpdated"] == f"ge{pull.since}"
    assert (outcome.received, Message.objects.count() - messages) == (1, 1)
    assert facts() == 4


def test_a_search_of_ones_own_stands_behind_a_type(post: Post) -> None:
    post.run(post.asks("SEARCH", patients=("p1",), types=("Observation?category=laboratory",)))
    (first, second) = queries(post, "/fhir/Observation")
    assert (first["category"], first["patient"], second["category"]) == ("laboratory", "p1", "laboratory")
    assert len(post.server.visits("/fhir/Patient")) == 0


def test_pages_go_on_where_a_run_stopped(post: Post) -> None:
    pull = post.asks("SEARCH")
    states = []
    while (not states or states[-1] == "WAITING") and len(states) < 50:
        post.clock.at += timedelta(seconds=1)
        states.append(post.run(pull, ends_at=post.clock.at + timedelta(microseconds=1)).state)
    assert states == ["WAITING"] * (len(states) - 1) + ["DONE"]
    assert len(states) == 5
    assert PullRun.objects.count() == 1
    assert facts() == 12


def a_link_to(url: str):
    """A fault: the bundle names its next page elsewhere."""

    def fault(answering: Answering, visit: Visit) -> bool:
        if "/fhir/Observation" in visit.path:
            link = [{"relation": "next", "url": url}]
            answering.say_json(200, {"resourceType": "Bundle", "type": "searchset", "link": link, "entry": []})
            return True
        return False

    return fault


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/fhir?page=2",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "http://127.0.0.1:1/fhir",
        "//elsewhere.example/fhir",
        "https://user:secret@127.0.0.1/fhir",
    ],
)
def test_a_next_page_elsewhere_is_never_asked_for(post: Post, url: str) -> None:
    post.server.faults.append(a_link_to(url))
    outcome = post.run(post.asks("SEARCH", patients=("p0",)))
    assert outcome.state == "TROUBLE"
    assert "secret" not in outcome.trouble
    assert Patient.unscoped.count() == 1, "the other searches went on"


def test_pages_that_go_round_have_an_end(post: Post) -> None:
    def fault(answering: Answering, visit: Visit) -> bool:
        if "/fhir/Observation" in visit.path:
            link = [{"relation": "next", "url": visit.path}]
            answering.say_json(200, {"resourceType": "Bundle", "type": "searchset", "link": link})
            return True
        return False

    post.server.faults.append(fault)
    assert "no end" in post.run(post.asks("SEARCH", patients=("p0",))).trouble


def answers(status: int, part: str, value: Any, headers: dict[str, str] | None = None):
    def fault(answering: Answering, visit: Visit) -> bool:
        if part in visit.path:
            answering.say_json(status, value, headers)
            return True
        return False

    return fault


def test_a_search_that_is_refused_keeps_no_other_out_and_is_made_up_for(post: Post) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"code": "forbidden", "diagnostics": "Family0 is a VIP"}]}
    pull = post.asks("SEARCH", patients=("p0",))
    post.server.faults.append(answers(403, "/fhir/Observation", outcome))
    for _ in range(2):
        said = post.run(pull)
        words = "The server answers 403 for page 1 of Observation: whoever asks may not have it."
        assert (said.state, said.notes) == ("DONE", (words,))
        assert (Patient.unscoped.count(), facts()) == (1, 0)
    assert ["_lastUpdated" in each for each in queries(post, "/fhir/Patient")] == [False, True]
    update_operations()
    need = Need.unscoped.get(state__in=LIVE)
    assert words in need.reason
    post.server.faults.clear()
    assert post.run(pull).notes == ()
    assert facts() == 4, "all of it, not only what changed since"
    post.run(pull)
    assert ["_lastUpdated" in each for each in queries(post, "/fhir/Observation")] == [False, False, False, False, True]
    update_operations()
    assert not Need.unscoped.filter(state__in=LIVE).exists()


def test_a_server_that_refuses_every_search_is_a_trouble(post: Post) -> None:
    post.server.faults.append(answers(403, "_count=", {}))
    pull = post.asks("SEARCH", patients=("p0",))
    assert "scopes" in post.run(pull).remedy
    post.server.faults.clear()
    assert post.run(pull).applied == 5


@pytest.mark.parametrize("value", [[], {"resourceType": "Patient"}, {"a": 1}])
def test_what_is_no_bundle_is_not_taken_in(post: Post, value: Any) -> None:
    post.server.faults.append(answers(200, "/fhir/Observation", value))
    assert post.run(post.asks("SEARCH", patients=("p0",))).state == "TROUBLE"
    assert facts() == 0

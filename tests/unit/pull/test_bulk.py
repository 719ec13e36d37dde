"""A bulk export is asked for, waited for, loaded once and taken up where it stood."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from beforehand.care.needs.models import LIVE, Need
from beforehand.care.needs.operations import update_operations
from beforehand.doors.pull import asking, files, http, origins
from beforehand.intake.models import PullFile, PullRun
from beforehand.intake.quarantine import check_balance
from beforehand.record.models import FACT_MODELS, Message, Patient
from tests.unit.pull.conftest import Post
from tests.unit.pull.fhir_server import Answering, Visit, invented


def facts() -> int:
    return FACT_MODELS["observation"].unscoped.count()


def query(visit: Visit) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(visit.path).query).items()}


def needs() -> list[tuple[str, str]]:
    update_operations()
    return [
        (need.fold_key.partition(":")[0], need.reason) for need in Need.unscoped.filter(state__in=LIVE).order_by("pk")
    ]


def test_export_is_kicked_off_awaited_loaded_and_ended(post: Post) -> None:
    post.server.preparing = 2
    pull = post.asks(level="Group/panel", types=("Patient", "Observation"))
    outcome = post.run(pull)
    assert (outcome.state, outcome.received, outcome.applied, outcome.files) == ("DONE", 15, 15, 2)
    assert (Patient.unscoped.count(), facts()) == (3, 12)
    (start,) = post.server.visits("/fhir/Group/panel/$export")
    assert query(start) == {"_outputFormat": "application/fhir+ndjson", "_type": "Patient,Observation"}
    assert start.headers["prefer"] == "respond-async"
    assert post.clock.slept.count(120.0) == 2, "as long as the server said, each time"
    assert len(post.server.visits("/jobs/1", "DELETE")) == 1
    assert check_balance() == []


def test_the_next_export_asks_for_what_changed_since_the_servers_own_moment(post: Post) -> None:
    pull = post.asks()
    post.run(pull)
    post.server.transaction_time = "2026-04-01T00:00:00Z"
    outcome = post.run(pull)
    first, second = post.server.visits("/fhir/$export")
    assert ("_since" in query(first), query(second)["_since"]) == (False, "2026-03-01T00:00:00Z")
    assert (outcome.state, outcome.applied, facts()) == ("DONE", 0, 12), "the same again changes nothing"
    pull.refresh_from_db()
    assert pull.since == "2026-04-01T00:00:00Z"


def test_what_was_deleted_there_is_withdrawn_here(post: Post) -> None:
    post.server.deleted = [
        {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"method": "DELETE", "url": url}}]}
        for url in ("Observation/p0-o0", "Observation/p1-o3")
    ]
    assert post.run(post.asks()).state == "DONE"
    assert facts() == 10


def test_errors_of_the_export_become_words_without_what_the_server_wrote(post: Post) -> None:
    post.server.errors = [
        {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code, "diagnostics": "Family1"}]}
        for severity, code in (("error", "not-supported"), ("error", "not-supported"), ("information", "processing"))
    ]
    pull = post.asks()
    outcome = post.run(pull)
    assert outcome.notes == ("2 errors of the server: it is not supported",)
    ((kind, reason),) = needs()
    assert (kind, "2 errors of the server: it is not supported" in reason) == ("PULL_ERRORS", True)
    assert "Family" not in reason
    post.server.errors = []
    post.run(pull)
    assert needs() == []


def test_a_pause_that_is_too_long_is_left_to_a_later_run(post: Post) -> None:
    post.server.preparing = 1
    pull = post.asks()
    first = post.run(pull, patience=5.0)
    pull.refresh_from_db()
    assert (first.state, first.until) == ("WAITING", pull.next_at)
    assert all(slept < 1 for slept in post.clock.slept)
    assert post.run(pull, patience=5.0).state == "DONE"
    assert len(post.server.visits("$export")) == 1


def once(status: int, part: str, headers: dict[str, str] | None = None, times: int = 1):
    """A fault: so many times, a request for this is answered so."""
    left = [times]

    def fault(answering: Answering, visit: Visit) -> bool:
        if part in visit.path and left[0]:
            left[0] -= 1
            answering.say(status, b"", headers)
            return True
        return False

    return fault


@pytest.mark.parametrize(("status", "said", "pause"), [(429, "7", 7.0), (503, "11", 11.0), (502, None, 1.0)])
def test_a_busy_server_is_given_the_pause_it_asks_for(post: Post, status: int, said: str | None, pause: float) -> None:
    for part in ("$export", "/jobs/", "/files/Patient"):
        post.server.faults.append(once(status, part, {"Retry-After": said} if said else None))
    assert post.run(post.asks()).state == "DONE"
    assert [slept for slept in post.clock.slept if slept >= 1] == [pause] * 3
    assert facts() == 12


def test_no_more_requests_a_second_than_stated(post: Post) -> None:
    begun = post.clock.now()
    outcome = post.run(post.asks(per_second=2.0))
    assert outcome.requests == 5
    assert (post.clock.now() - begun).total_seconds() == pytest.approx(0.5 * 4)


def breaks_off(part: str, after: int, times: int = 1):
    """A fault: the connection breaks in the middle of a file."""
    left = [times]

    def fault(answering: Answering, visit: Visit) -> bool:
        if part in visit.path and left[0]:
            left[0] -= 1
            content = b"".join(json.dumps(one).encode() + b"\n" for one in answering.house.records["Observation"])
            answering.say(200, content[:after], {"ETag": f'"{len(content)}"'}, claim=len(content))
            return True
        return False

    return fault


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_breaks_off_is_taken_up_where_it_broke(post: Post, ranges: bool) -> None:
    post.server.ranges = ranges
    post.server.faults.append(breaks_off("/files/Observation", after=2000))
    outcome = post.run(post.asks())
    assert (outcome.state, outcome.received, outcome.applied, facts()) == ("DONE", 15, 15, 12)
    again = post.server.visits("/files/Observation")[-1]
    assert "range" in again.headers
    assert sum(Message.objects.values_list("duplicates", flat=True)) == 0


@pytest.mark.parametrize("said", ["bytes 0-3999/4000", "bytes 1-2/3", "", "bytes */9"])
def test_a_rest_that_is_not_the_rest_is_not_taken(post: Post, said: str) -> None:
    def wrong_rest(answering: Answering, visit: Visit) -> bool:
        if "range" in visit.headers:
            answering.say(206, b'{"resourceType": "Observation"}', {"Content-Range": said})
            return True
        return False

    post.server.faults += [wrong_rest, breaks_off("/files/Observation", after=2000)]
    outcome = post.run(post.asks())
    assert (outcome.state, outcome.received, outcome.applied) == ("DONE", 15, 15)


def test_control_forgetting_what_is_known_of_a_file_takes_it_in_twice(post: Post, monkeypatch) -> None:
    monkeypatch.setattr(files, "_behind", lambda blocks, known: blocks)
    post.server.ranges = False
    post.server.faults.append(breaks_off("/files/Observation", after=2000))
    outcome = post.run(post.asks())
    assert outcome.received > 15


def test_a_packed_file_is_unpacked_and_a_bomb_is_not(post: Post) -> None:
    post.server.packs = True
    assert post.run(post.asks()).applied == 15
    post.server.records = invented(people=40, observations=30)
    post.server.transaction_time = "2026-05-01T00:00:00Z"
    outcome = post.run(post.asks(largest_bytes=100_000))
    assert outcome.state == "TROUBLE"
    assert "larger than" in outcome.trouble


def test_a_file_that_is_too_large_is_said_so_and_keeps_no_other_out(post: Post) -> None:
    pull = post.asks(largest_bytes=2_000)
    outcome = post.run(pull)
    assert (outcome.state, Patient.unscoped.count()) == ("TROUBLE", 3)
    assert "file 2 (Observation)" in outcome.trouble
    assert "--largest" in outcome.remedy
    pull.refresh_from_db()
    assert pull.since == "", "what did not come is asked for again"
    ((kind, reason),) = needs()
    assert kind == "PULL"
    assert outcome.trouble in reason


def test_a_file_shorter_than_stated_begins_a_new_export(post: Post) -> None:
    whole = post.server.edit_manifest
    post.server.edit_manifest = lambda manifest: [each.update(count=99) for each in manifest["output"]]
    pull = post.asks()
    outcome = post.run(pull)
    assert (outcome.state, PullRun.objects.get().state) == ("TROUBLE", "LOST")
    assert "of the 99 items" in outcome.trouble
    post.server.edit_manifest = whole
    assert post.run(pull).state == "DONE"
    pull.refresh_from_db()
    assert (pull.trouble, pull.failures) == ("", 0)
    assert len(post.server.visits("$export")) == 2
    assert needs() == []


def test_an_export_the_server_lost_is_asked_for_again(post: Post) -> None:
    post.server.faults.append(once(404, "/jobs/1"))
    pull = post.asks()
    assert post.run(pull).state == "TROUBLE"
    assert post.run(pull).state == "DONE"
    assert facts() == 12


def test_a_server_that_always_sends_us_away_is_a_trouble_in_the_end(post: Post) -> None:
    post.server.faults.append(once(503, "/", {"Retry-After": "60"}, times=1000))
    pull = post.asks()
    states = [post.run(pull, patience=5.0).state for _ in range(12)]
    assert states == ["WAITING"] * 11 + ["TROUBLE"]
    assert [kind for kind, _ in needs()] == ["PULL"]


def stray(manifest: dict) -> None:
    manifest["output"][0]["url"] = "https://169.254.169.254/latest/meta-data"


def test_a_file_elsewhere_is_never_asked_for(post: Post, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(asking, "asked", lambda url, **more: asked.append(url) or http.asked(url, **more))
    post.server.edit_manifest = stray
    outcome = post.run(post.asks())
    assert outcome.state == "TROUBLE"
    assert "https://169.254.169.254:443" in outcome.trouble
    assert "--origin" in outcome.remedy
    assert all(url.startswith(post.server.base) for url in asked)
    assert not PullFile.objects.exists()


def test_control_without_the_guard_of_origins_the_stray_file_is_asked_for(post: Post, monkeypatch) -> None:
    monkeypatch.setattr(origins.Origins, "check", lambda self, url, what: url)
    asked = []

    def no_line(url: str) -> None:
        asked.append(url)
        raise AssertionError("it went there")

    def line(url: str, **more: Any) -> Any:
        return http.asked(url, **more) if url.startswith(post.server.base) else no_line(url)

    monkeypatch.setattr(asking, "asked", line)
    post.server.edit_manifest = stray
    with pytest.raises(AssertionError, match="it went there"):
        post.run(post.asks())
    assert asked == ["https://169.254.169.254/latest/meta-data"]


def test_a_web_page_is_not_taken_for_records(post: Post) -> None:
    def page(answering: Answering, visit: Visit) -> bool:
        if "/files/" in visit.path:
            answering.say(200, b"<html>sign in</html>", {"Content-Type": "text/html"})
            return True
        return False

    post.server.faults.append(page)
    assert "page for people" in post.run(post.asks()).trouble
    assert Message.objects.count() == 0

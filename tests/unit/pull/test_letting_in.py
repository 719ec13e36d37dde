"""How a server lets us in: our keys, a refresh token, a token; and where the token never goes."""

import base64
import json
import os
import stat
from datetime import timedelta

import pytest

from beforehand.doors.pull import keys
from beforehand.doors.pull.clock import told_to_wait
from beforehand.doors.pull.errors import TroubleError
from beforehand.doors.pull.grants import forget_given_token, given_token, keep_given_token
from beforehand.doors.pull.origins import Origins
from beforehand.intake.pull_sources import PullError, origin_of
from tests.unit.pull.conftest import Post
from tests.unit.pull.fhir_server import Answering, FakeClock, Visit, verified


@pytest.fixture(autouse=True)
def small_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_BITS", 2048)  # a larger one takes seconds to make


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_backend_services_let_us_in_by_our_signature(post: Post, algorithm: str) -> None:
    post.server.needs_token, post.server.algorithms, post.server.keys = True, [algorithm], keys.key_set()["keys"]
    outcome = post.run(post.asks(authorisation="KEY", client_id="beforehand"))
    assert (outcome.state, outcome.applied, post.server.said_no) == ("DONE", 15, [])
    (asked,) = post.server.visits("/token", "POST")
    assert asked.form["scope"] == "system/*.rs"
    assert asked.token == ""


def test_a_token_is_kept_until_it_ends_and_each_signature_is_used_once(post: Post) -> None:
    post.server.needs_token, post.server.keys, post.server.preparing = True, keys.key_set()["keys"], 3
    assert post.run(post.asks(authorisation="KEY", client_id="beforehand")).state == "DONE"
    lasting = len(post.server.visits("/token", "POST"))
    assert lasting == 2, "three looks 120 s apart, a token of 300 s"
    post.server.token_seconds, post.server.looks = 3600, {}
    assert post.run(post.asks(authorisation="KEY", client_id="beforehand")).state == "DONE"
    assert len(post.server.visits("/token", "POST")) == lasting + 1
    assert len(post.server.used) == lasting + 1


def test_a_token_that_was_taken_back_is_fetched_anew_once(post: Post) -> None:
    post.server.needs_token, post.server.keys = True, keys.key_set()["keys"]
    revoked = []

    def revoke(answering: Answering, visit: Visit) -> bool:
        if "/files/" in visit.path and not revoked:
            revoked.append(post.server.tokens.clear())
            post.server.tokens["kept free"] = post.clock.now()
        return False

    post.server.faults.append(revoke)
    assert post.run(post.asks(authorisation="KEY", client_id="beforehand")).state == "DONE"
    assert len(post.server.visits("/token", "POST")) == 2


def test_a_server_that_does_not_know_our_key_says_what_to_do(post: Post) -> None:
    post.server.needs_token = True
    outcome = post.run(post.asks(authorisation="KEY", client_id="beforehand"))
    assert (outcome.state, post.server.said_no) == ("TROUBLE", ["signature"])
    assert "beforehand pull keys" in outcome.remedy


def test_control_the_server_does_not_take_a_signature_of_another_key(post: Post) -> None:
    said = keys.signed({"a": 1}, "ES384")
    head, claims, mark = said.split(".")
    words = f"{head}.{claims}".encode()
    raw = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4))
    mine = keys.public_key("ES384")
    assert verified(mine, words, raw)
    assert not verified(mine, words + b"x", raw)
    (keys.kept_file("pull-es384.pem")).unlink()
    assert not verified(keys.public_key("ES384"), words, raw)


def test_keys_are_for_their_owner_only_and_public_ones_hold_no_secret(post: Post) -> None:
    handed_out = keys.key_set()
    assert [key["alg"] for key in handed_out["keys"]] == ["ES384", "RS384"]
    assert all(not {"d", "p", "q", "dp", "dq", "qi"} & set(key) for key in handed_out["keys"])
    for algorithm in keys.ALGORITHMS:
        mode = stat.S_IMODE(os.stat(keys.kept_file(f"pull-{algorithm.lower()}.pem")).st_mode)
        assert mode == 0o600
    assert keys.key_set() == handed_out, "made once"


def test_a_refresh_token_is_used_and_the_one_that_takes_its_place_is_kept(post: Post) -> None:
    post.server.needs_token, post.server.refresh_token = True, "refresh"
    pull = post.asks("SEARCH", authorisation="REFRESH", client_id="beforehand")
    assert "pull token" in post.run(pull).remedy
    keep_given_token(pull, "refresh")
    outcome = post.run(pull)
    assert (outcome.state, outcome.applied) == ("DONE", 5), "of the patient the token is for"
    assert given_token(pull) == "refresh+"
    assert post.run(pull).state == "DONE"
    keep_given_token(pull, "another")
    assert "no longer accepts the refresh token" in post.run(pull).trouble
    forget_given_token(pull)
    with pytest.raises(TroubleError):
        given_token(pull)


def test_a_given_token_is_sent_as_it_is(post: Post) -> None:
    post.server.needs_token = True
    post.server.tokens["given"] = post.clock.now() + timedelta(hours=1)
    pull = post.asks("SEARCH", authorisation="BEARER", patients=("p0",))
    keep_given_token(pull, "given")
    assert post.run(pull).applied == 5


def moved(to: str):
    def fault(answering: Answering, visit: Visit) -> bool:
        if "/files/Patient" in visit.path and "moved" not in visit.path:
            answering.say(307, b"", {"Location": to})
            return True
        return False

    return fault


def test_a_redirect_elsewhere_is_not_followed(post: Post) -> None:
    post.server.faults.append(moved("https://elsewhere.example/files/Patient.ndjson"))
    outcome = post.run(post.asks())
    assert "https://elsewhere.example:443" in outcome.trouble


def test_the_token_does_not_follow_a_redirect_to_another_origin(post: Post) -> None:
    post.server.needs_token = True
    post.server.tokens["given"] = post.clock.now() + timedelta(hours=1)
    elsewhere = post.server.base.replace("127.0.0.1", "localhost")

    def let_by(answering: Answering, visit: Visit) -> bool:
        if "moved" in visit.path:
            answering.say(200, b"".join(json.dumps(one).encode() + b"\n" for one in post.server.records["Patient"]))
            return True
        return False

    post.server.faults += [let_by, moved(f"{elsewhere}/files/Patient.ndjson?moved")]
    pull = post.asks(authorisation="BEARER", origins=(elsewhere,))
    keep_given_token(pull, "given")
    assert post.run(pull).state == "DONE"
    (there,) = post.server.visits("moved")
    (here,) = [visit for visit in post.server.visits("/files/Patient") if "moved" not in visit.path]
    assert (here.token, there.token) == ("given", "")


def test_files_that_need_no_token_get_none(post: Post) -> None:
    post.server.tokens["given"] = post.clock.now() + timedelta(hours=1)
    pull = post.asks(authorisation="BEARER")
    keep_given_token(pull, "given")
    assert post.run(pull).state == "DONE"
    assert {visit.token for visit in post.server.visits("/files/")} == {""}
    assert {visit.token for visit in post.server.visits("$export")} == {"given"}


@pytest.mark.parametrize(
    "url",
    [
        "http://fhir.example/r4",
        "https://name:word@fhir.example/r4",
        "ftp://fhir.example",
        "https://",
        "fhir.example/r4",
        "https://fhir.example:nine/",
        "https://fhir.example/a b",
        "https://fhir.example/\r\nHost: other",
        "http://127.0.0.1.example/",
        "http://2130706433/",
    ],
)
def test_addresses_where_records_must_not_travel_are_refused(url: str) -> None:
    with pytest.raises(PullError):
        origin_of(url)


def test_an_origin_is_scheme_host_and_port() -> None:
    ours = Origins("https://FHIR.example/r4", ("https://files.example:8443/x",))
    assert ours.allowed == {"https://fhir.example:443", "https://files.example:8443"}
    for near in (
        "https://fhir.example.org/r4",
        "https://fhir.example:444/",
        "http://localhost/",
        "https://xfhir.example/",
    ):
        with pytest.raises(TroubleError):
            ours.check(near, "a page")
    assert ours.resolve("https://fhir.example/r4/x", "../files/1", "a file") == "https://fhir.example/files/1"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("999999999999999", 86400.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
def test_how_long_a_server_asks_us_to_wait(said: str, seconds: float | None) -> None:
    assert told_to_wait(said, FakeClock().now()) == seconds

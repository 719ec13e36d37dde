"""What a server cannot make us do, whatever it answers; and what never leaves this door."""

import datetime as dt
import ipaddress
import logging
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from beforehand.doors.pull import http
from beforehand.doors.pull.grants import keep_given_token
from beforehand.doors.pull.jobs import pull_due
from beforehand.intake.models import PullRun, PullSource
from beforehand.record.backup import _MEMBER
from beforehand.record.models import Message
from tests.unit.pull.conftest import Post
from tests.unit.pull.fhir_server import Answering, FhirServer, Visit, invented, serving


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this machine that nobody else signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def own_context() -> Iterator[None]:
    http._tls.cache_clear()
    yield
    http._tls.cache_clear()


@pytest.mark.usefixtures("own_context")
@pytest.mark.parametrize("is_trusted", [False, True])
def test_a_certificate_is_verified(
    post: Post, certificate: Path, monkeypatch: pytest.MonkeyPatch, is_trusted: bool
) -> None:
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(FhirServer(invented(), post.clock), context) as server:
        post.server = server
        outcome = post.run(post.asks())
    assert outcome.state == ("DONE" if is_trusted else "TROUBLE")
    assert len(server.diary) == (5 if is_trusted else 0), "nothing is said to a server that is not who it says"
    assert is_trusted or "certificate" in outcome.trouble


def test_a_proxy_of_the_environment_is_not_used(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post.run(post.asks()).state == "DONE"


def test_an_answer_that_drips_has_an_end(post: Post) -> None:
    def drips(answering: Answering, visit: Visit) -> bool:
        if "/files/Observation" not in visit.path:
            return False
        answering.send_response(200)
        answering.send_header("Content-Length", "1000000")
        answering.end_headers()
        for _ in range(40):
            post.clock.at += dt.timedelta(hours=1)
            try:
                answering.wfile.write(b"{")
                answering.wfile.flush()
            except OSError:
                break
        answering.close_connection = True
        return True

    post.server.faults.append(drips)
    outcome = post.run(post.asks())
    assert outcome.state == "TROUBLE"
    assert "breaks off again and again" in outcome.trouble


@pytest.mark.parametrize(
    "manifest",
    [
        {"transactionTime": "yesterday"},
        {"transactionTime": None},
        {"output": [{"type": "Patient"}]},
        {"output": [{"type": "Patient", "url": "http://[::1"}]},
        {"output": [{"type": "Patient", "url": "x" * 5000}]},
    ],
)
def test_a_list_of_files_that_makes_no_sense_is_a_trouble(post: Post, manifest: dict[str, object]) -> None:
    post.server.edit_manifest = lambda made: made.update(manifest)
    assert post.run(post.asks()).state == "TROUBLE"
    assert Message.objects.count() == 0


@pytest.mark.parametrize("answer", [b"", b"[]", b"not json", b'{"a":' * 2000])
def test_an_answer_that_makes_no_sense_is_a_trouble(post: Post, answer: bytes) -> None:
    def nonsense(answering: Answering, visit: Visit) -> bool:
        answering.say(200, answer)
        return True

    post.server.faults.append(nonsense)
    for kind in ("BULK", "SEARCH"):
        assert post.run(post.asks(kind)).state == "TROUBLE"


def test_neither_token_nor_patient_stands_in_words_or_logs(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    post.server.needs_token = True
    post.server.tokens["canary-token"] = post.clock.now() + dt.timedelta(hours=1)
    outcome_of_theirs = {"resourceType": "OperationOutcome", "issue": [{"code": "x", "diagnostics": "canary-patient"}]}

    def says(answering: Answering, visit: Visit) -> bool:
        if "Observation" in visit.path:
            answering.say_json(422, outcome_of_theirs, {"X-Why": "canary-patient"})
            return True
        return False

    post.server.faults.append(says)
    pull = post.asks("SEARCH", authorisation="BEARER", patients=("canary-patient-id",))
    keep_given_token(pull, "canary-token")
    outcome = post.run(pull)
    pull.refresh_from_db()
    said = f"{outcome} {pull.trouble} {pull.remedy} {list(PullRun.objects.values_list('notes'))} {caplog.text}"
    assert "The server answers 422 for page 1 of Observation: for a reason of its own." in said
    assert "canary" not in said


def test_secrets_are_where_a_backup_takes_them(post: Post) -> None:
    pull = post.asks(authorisation="BEARER")
    keep_given_token(pull, "given")
    folder = Path(post.home) / "keys"
    assert [path.name for path in folder.iterdir()] == [f"pull-{pull.pk}.token"]
    assert all(_MEMBER.fullmatch(f"keys/{name}") for name in (f"pull-{pull.pk}.token", "pull-es384.pem"))
    assert not list(Path(post.home).glob(".key-*"))


def test_workers_ask_whose_time_has_come(post: Post) -> None:
    one, other = post.asks(every_minutes=30), post.asks("SEARCH", every_minutes=600)
    post.clock.at += dt.timedelta(minutes=1)
    assert pull_due(post.clock) == 2
    assert pull_due(post.clock) == 0
    post.clock.at += dt.timedelta(minutes=31)
    assert pull_due(post.clock) == 1
    assert PullRun.objects.filter(pull=one).count() == 2
    assert PullRun.objects.filter(pull=other).count() == 1


def test_a_fault_of_ours_stops_no_other_server_and_says_nothing_of_what_was_sent(
    post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = post.asks(), post.asks()
    real = PullRun.objects.create

    def fails_for_the_first(**fields: object) -> PullRun:
        if fields["pull"] == first:
            raise ValueError("canary")
        return real(**fields)

    monkeypatch.setattr(PullRun.objects, "create", fails_for_the_first)
    post.clock.at += dt.timedelta(minutes=1)
    assert pull_due(post.clock) == 2
    assert PullRun.objects.get().pull_id == second.pk
    assert "ValueError" in caplog.text
    assert "canary" not in caplog.text
    assert PullSource.objects.get(pk=first.pk).next_at <= post.clock.now()

"""The listener over real sockets, in a process of its own, on a home of its own."""

from __future__ import annotations

import contextlib
import signal
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench._mllp import Home, Line, kill, story, verdict
from bench.mllp import Lines, certificate

from beforehand.doors.cli.commands.listen import tls_context
from tests.factories.hl7_messages import admission, discharge

SLOW = 200


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with Home(tmp_path_factory.mktemp("listen") / "home", topic="transitions") as made:
        yield made


@pytest.fixture(scope="module")
def port(home: Home) -> Iterator[int]:
    process = home.listen(terms={"largest": 20_000, "idle": 120, "slow": 60, "last_byte": 0.2, "lines": SLOW + 50})
    yield home.port
    kill(process)


@pytest.fixture
def line(port: int) -> Iterator[Line]:
    opened = Line(port)
    yield opened
    opened.close()


def test_messages_sent_without_waiting_are_answered_in_order(line: Line) -> None:
    sent = list(story(1, 8))
    line.socket.sendall(b"".join(b"\x0b" + message + b"\x1c\r" for _, message in sent))
    assert [verdict(line.answer()) for _ in sent] == [("AA", number) for number, _ in sent]


def test_two_hundred_slow_lines_do_not_starve_the_others(line: Line, port: int) -> None:
    slow = [Line(port) for _ in range(SLOW)]
    number, message = next(story(2, 1))
    for each in slow:
        each.socket.sendall(b"\x0b" + message[:20])  # and then nothing
    try:
        for known in ("s1", "s2", "s3"):
            assert verdict(line.ask(admission(known, mrn="700200")))[0] == "AA"
        slow[0].socket.sendall(message[20:] + b"\x1c\r")  # slow is not refused
        assert verdict(slow[0].answer()) == ("AA", number)
    finally:
        for each in slow:
            each.close()


def test_a_message_that_is_too_large_is_refused_and_the_line_closed(line: Line) -> None:
    answer = line.ask(admission("big") + b"NTE|1||" + b"x" * 30_000)
    assert verdict(answer) == ("AR", "big")
    with pytest.raises(OSError):
        line.ask(admission("after"))


def test_a_frame_without_its_last_byte_is_answered(line: Line) -> None:
    line.socket.sendall(b"\x0b" + admission("lf", mrn="700300").replace(b"\r", b"\r\n") + b"\x1c\n")
    assert verdict(line.answer()) == ("AA", "lf")
    line.socket.sendall(b"\x0b" + discharge("bare", mrn="700300") + b"\x1c")
    assert verdict(line.answer()) == ("AA", "bare")


def test_what_is_no_mllp_is_refused_and_the_line_closed(line: Line) -> None:
    line.socket.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n" * 150)
    assert verdict(line.answer())[0] == "AR"
    with pytest.raises(OSError):
        line.ask(admission("after"))


def test_a_graceful_stop_answers_what_has_come_whole_and_loses_nothing(home: Home) -> None:
    before, home.port = home.port, 0
    process = home.listen()
    try:
        lines = [Line(home.port) for _ in range(5)]
        for person, each in enumerate(lines, start=50):
            each.ask(next(message for _, message in story(person, 1)))
            each.socket.sendall(b"\x0b" + list(story(person, 2))[1][1] + b"\x1c\r")
        time.sleep(0.2)
        kill(process, signal.SIGTERM)
        answered = set()
        for each in lines:
            with contextlib.suppress(OSError):  # it had not been read: no answer, so its sender sends it again
                answered.add(verdict(each.answer())[1])
            each.close()
        home.order("settle")
        assert answered <= set(home.order("state")["answered"])
    finally:
        kill(process)
        home.port = before


def test_an_encrypted_line_is_answered_and_a_plain_or_untrusting_one_is_not(home: Home, tmp_path: Path) -> None:
    before, home.port = home.port, 0
    lines = Lines(tmp_path)
    process = home.listen(**lines.how)
    try:
        encrypted = lines.open(home)
        assert verdict(encrypted.ask(admission("tls", mrn="700400"))) == ("AA", "tls")
        assert isinstance(encrypted.socket, ssl.SSLSocket)
        assert encrypted.socket.version() in ("TLSv1.2", "TLSv1.3")
        plain = Line(home.port)
        with pytest.raises(OSError):
            plain.ask(admission("plain", mrn="700400"))
        with pytest.raises(ssl.SSLCertVerificationError):
            Line(home.port, tls=ssl.create_default_context())
        assert verdict(encrypted.ask(discharge("still", mrn="700400"))) == ("AA", "still")
        encrypted.close()
        assert "plain" not in home.order("state")["answered"]
    finally:
        kill(process)
        home.port = before


def test_only_senders_whose_certificate_we_signed_get_in_where_that_is_asked(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    server, client = tls_context(cert, key, cert), ssl.create_default_context(cafile=str(cert))
    assert server.verify_mode == ssl.CERT_REQUIRED
    with pytest.raises(ssl.SSLError):
        shake_hands(server, client)
    client.load_cert_chain(cert, key)
    assert shake_hands(server, client) in ("TLSv1.2", "TLSv1.3")


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> str | None:
    """What the two agree on, without a socket."""
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    talking = client.wrap_bio(ours, theirs, server_hostname="localhost")
    listening = server.wrap_bio(theirs, ours, server_side=True)
    for _ in range(10):
        for end in (talking, listening):
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return talking.version()

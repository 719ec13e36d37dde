"""The header of any message, and the answer to it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from beforehand.intake.connectors.hl7v2.envelope import DUPLICATE, acknowledgement, header

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MESSAGE = (
    b"MSH|^~\\&|WARD|LAKE^1.2.3^ISO|HOME|CARE|20260301||ADT^A01^ADT_A01|id\xe9\\T\\1|P|2.5.1|||AL|NE||8859/1\rPID|1"
)


def test_a_header_is_read_as_sent() -> None:
    said = header(b"\x0b" + MESSAGE + b"\x1c\r")
    assert (said.message_type, said.trigger, said.structure, said.version) == ("ADT", "A01", "ADT_A01", "2.5.1")
    assert (said.sending_application, said.sending_facility) == ("WARD", "LAKE^1.2.3^ISO")
    assert (said.charset, said.is_enhanced, said.fault) == ("8859/1", True, "")
    assert (said.wants_accept(True), said.wants_application(True)) == (True, False)
    assert header(b"MSH|^~\\&|A\r").wants_application(False)


def test_an_answer_echoes_the_number_byte_for_byte_and_turns_sender_and_receiver() -> None:
    answer = acknowledgement(header(MESSAGE), "CA", "", "n-1", NOW)
    assert answer == (
        b"MSH|^~\\&|HOME|CARE|WARD|LAKE^1.2.3^ISO|20260301120000+0000||ACK^A01^ACK|n-1|P|2.5.1||||||8859/1\r"
        b"MSA|CA|id\xe9\\T\\1\r"
    )


def test_a_refusal_says_why_in_the_form_of_the_sender_s_version() -> None:
    newer = acknowledgement(header(MESSAGE), "AE", "Same | number & other words", "2", NOW, DUPLICATE)
    assert newer.endswith(
        b"MSA|AE|id\xe9\\T\\1|Same \\F\\ number \\T\\ other words\r"
        b"ERR|||205^Duplicate key identifier^HL70357|E||||Same \\F\\ number \\T\\ other words\r"
    )
    older = acknowledgement(header(MESSAGE.replace(b"2.5.1", b"2.3")), "AR", "No", "2", NOW)
    assert older.endswith(b"ERR|^^^207&Application internal error&HL70357\r")


@pytest.mark.parametrize(
    "broken",
    [
        b"", b"MSH", b"MSH|", b"MSH|^", b"MSH||||", b"MSH|||||||||X", b"PID|1", b"\xff" * 100, b"MSH|aaaa|",
        b"MSH|^~\\&" + b"|" * 9_000,
    ],
)  # fmt: skip
def test_every_broken_header_still_gets_one_line_of_answer(broken: bytes) -> None:
    answer = acknowledgement(header(broken), "AR", "It is no HL7 v2 message.\rMSA|AA|x", "1", NOW)
    assert [line[:3] for line in answer.split(b"\r")] == [b"MSH", b"MSA", b"ERR", b""]
    assert header(answer).fault == ""


def test_a_code_that_is_none_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="acknowledgement"):
        acknowledgement(header(MESSAGE), "OK", "", "1", NOW)

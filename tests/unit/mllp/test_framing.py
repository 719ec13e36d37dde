"""Messages are told apart whatever senders do about the frame, and never larger than agreed."""

import random

import pytest

from beforehand.doors.mllp.framing import STRAY, FrameError, Frames, framed

MESSAGES = [b"MSH|one\rPID|1\r", b"MSH|two\r", b"MSH|three\rOBX|1|ST|\x1cinside\r"]


def in_pieces(content: bytes, seed: int) -> list[bytes]:
    """The messages of a connection whose bytes come in pieces of any length."""
    chance = random.Random(seed)
    frames, found, at = Frames(1000), [], 0
    while at < len(content):
        step = chance.randint(1, 9)
        found += frames.feed(content[at : at + step])
        at += step
    return found


@pytest.mark.parametrize("seed", range(30))
def test_messages_are_told_apart_however_their_bytes_come(seed: int) -> None:
    assert in_pieces(b"".join(framed(message) for message in MESSAGES), seed) == MESSAGES


@pytest.mark.parametrize("end", [b"\x1c\r", b"\x1c\n", b"\x1c\r\n", b"\r\n\x1c\r"])
def test_other_ends_of_a_frame_are_borne(end: bytes) -> None:
    found = Frames(1000).feed(b"\x0bMSH|one" + end + b"\x0bMSH|two" + end)
    assert [message.rstrip() for message in found] == [b"MSH|one", b"MSH|two"]


def test_a_frame_without_its_last_byte_ends_with_the_next_or_when_nothing_follows() -> None:
    frames = Frames(1000)
    assert frames.feed(b"\x0bMSH|one\x1c\x0bMSH|two\x1c") == [b"MSH|one"]
    assert frames.is_ended
    assert frames.finish() == b"MSH|two"
    assert frames.finish() is None


def test_what_its_sender_broke_off_is_no_message() -> None:
    assert Frames(1000).feed(b"\x0bMSH|bro" + framed(b"MSH|whole") + framed(b"MSH|next")) == [b"MSH|whole", b"MSH|next"]
    slow = Frames(1000)
    assert slow.feed(b"\x0bMSH|bro") == []
    assert slow.feed(framed(b"MSH|whole")) == [b"MSH|whole"]


def test_a_message_that_is_too_large_is_stopped_while_it_comes() -> None:
    frames = Frames(1000)
    with pytest.raises(FrameError, match="larger") as caught:
        for _ in range(100):
            frames.feed(b"\x0bMSH|" + b"x" * 100 if not frames.inside else b"x" * 100)
    assert caught.value.begun.startswith(b"MSH|")
    with pytest.raises(FrameError, match="larger"):
        Frames(1000).feed(framed(b"x" * 1001))
    assert Frames(1000).feed(framed(b"x" * 1000)) == [b"x" * 1000]


def test_a_line_that_is_no_mllp_is_noticed() -> None:
    frames = Frames(1000)
    frames.feed(b"\r\n \r\n" * STRAY)  # some senders keep the line awake with blank lines
    with pytest.raises(FrameError, match="no MLLP frame"):
        frames.feed(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 300)

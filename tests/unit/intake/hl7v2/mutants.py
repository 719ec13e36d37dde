"""Broken messages made from the samples by a seeded hand: the same seed gives the same bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from beforehand.intake.connectors.hl7v2 import connector
from beforehand.intake.connectors.hl7v2.grammar import pieces

FOLDER = Path(connector.__file__).parent / "samples"
SAMPLES = [path.read_bytes() for path in sorted(FOLDER.iterdir())]
MESSAGES = [piece for sample in SAMPLES for piece in pieces(sample) if piece.startswith(b"MSH")]
_NASTY = (
    b"\x00", b"\xff", b"|", b"^", b"~", b"&", b"\\", b"\r", b"\n", b'""', b"\x0b", b"\x1c\r", b"\\X4\\", b"\\E\\",
    b"-1", b"99991231", b"00000000", b"20260231", b"1e999", b"NaN", b"\xc3\x28", b"OBX|", b"MSH|^~\\&|", b"PID|",
    b"\\.sp999\\", b"\xed\xa0\x80", "\u202e".encode(), b"9" * 40, b"|||||||||", b"^^^^^^", b"~~~~", b"&&&&", b"Z99|1|2",
)  # fmt: skip


def mutate(content: bytes, by: random.Random) -> bytes:
    """One to six changes of a message: bytes, fields and segments lost, doubled, swapped or made nasty."""
    for _ in range(by.randint(1, 6)):
        if not content:
            return content
        at = by.randrange(len(content))
        kind = by.randrange(9)
        if kind == 0:
            content = content[:at] + by.choice(_NASTY) + content[at + by.randint(0, 4) :]
        elif kind == 1:
            content = content[:at] + bytes([by.randrange(256)]) + content[at + 1 :]
        elif kind == 2:
            content = content[:at] + content[at + by.randint(1, 60) :]
        elif kind == 3:
            content = content[:at]
        elif kind in (4, 5):
            sign = b"\r" if kind == 4 else b"|"
            parts = content.split(sign)
            one, other = by.randrange(len(parts)), by.randrange(len(parts))
            parts[one], parts[other] = parts[other], parts[one]
            content = sign.join(parts)
        elif kind == 6:
            content = content[:at] + content[at : at + 200] * by.randint(2, 30) + content[at:]
        elif kind == 7:
            other_message = by.choice(MESSAGES)
            content = content[:at] + other_message[by.randrange(len(other_message)) :]
        else:
            parts = content.split(b"|")
            parts[by.randrange(len(parts))] = by.choice(_NASTY)
            content = b"|".join(parts)
    return content


def mutants(count: int, seed: int) -> Iterator[bytes]:
    """So many broken messages; each keeps its first letters, so that it is recognised."""
    by = random.Random(seed)
    for _ in range(count):
        message = by.choice(MESSAGES)
        yield message[:4] + mutate(message[4:], by)

"""X12 files as they are after an accident or a hostile hand: for the tests and for ``bench.x12``."""

from __future__ import annotations

import random
import re


def mutant(chance: random.Random, content: bytes) -> bytes:
    """The file with a few of the things that happen to files on their way, or are done to them."""
    made = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(made) or 1)
        kind = chance.randrange(8)
        if kind == 0 and made:
            made[min(at, len(made) - 1)] = chance.randrange(256)
        elif kind == 1:
            del made[at : at + chance.randrange(1, 60)]
        elif kind == 2:
            made[at:at] = b"~" * chance.randrange(1, 4)
        elif kind == 3:
            other = chance.randrange(len(made) or 1)
            made[at:at] = made[other : other + 200]
        elif kind == 4:
            del made[at:]
        elif kind == 5:
            lines = bytes(made).split(b"\n")
            chance.shuffle(lines)
            made = bytearray(b"\n".join(lines)) if chance.random() < 0.2 else made
        elif kind == 6:
            made[at:at] = b"A" * chance.randrange(1, 70_000)
        else:
            made[at:at] = chance.choice([b"*", b":", b"^", b"\x00", b"\xff\xfe", b"*" * 300, b"\r", b"9" * 30])
    return recounted(bytes(made)) if chance.random() < 0.7 else bytes(made)


def recounted(content: bytes) -> bytes:
    """The file with trailers that count what is there, so that more than the count is put to the test."""
    count, made = 0, []
    for segment in content.split(b"~"):
        name = segment.strip()[:3]
        count = 1 if name == b"ST*" else count + bool(name)
        made.append(re.sub(rb"SE\*[0-9]*", b"SE*%d" % count, segment) if name == b"SE*" else segment)
    return b"~".join(made)

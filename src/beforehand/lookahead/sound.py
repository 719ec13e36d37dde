"""Rules that were linted and found sound, remembered in the home, so that each process need not lint them again.

Only "sound" is remembered, under a digest of all it rests on: the rule's text and family, the names of the value sets,
and the linter and views themselves. Anything else is linted anew; the file may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from beforehand.lookahead.rule import Query

_REMEMBERED: set[str] = set()
_FRESH: set[str] = set()
_PLACE: list[Path] = []
KEPT = 2000  # digests; older ones are of rules that have changed since


def remember_sound(place: Path) -> None:
    """Use this file from now on; a file that cannot be read is as good as none."""
    if [place] == _PLACE:
        return
    _PLACE[:] = [place]
    try:
        stated = json.loads(place.read_text())
        _REMEMBERED.update(one for one in stated if isinstance(one, str))
    except (OSError, ValueError, TypeError):
        return


@lru_cache(maxsize=1)
def _linter() -> str:
    """Digest of what judges: the linter, the tables and the views."""
    lookahead = Path(__file__).parent
    clinical = lookahead.parent / "clinical"
    files = [*lookahead.glob("lint*.py"), *(lookahead / "engines").glob("*.py"), *clinical.rglob("*.py")]
    files += clinical.rglob("*.sql")
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()


def digest(query: Query, sets: Iterable[str]) -> str:
    """What the judgement about this query rests on."""
    parts = [_linter(), query.text_digest, *sorted(sets)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def is_sound(key: str) -> bool:
    """Whether exactly this was linted before without a fault."""
    return key in _REMEMBERED


def note_sound(key: str) -> None:
    """This was linted now, without a fault."""
    if key not in _REMEMBERED:
        _FRESH.add(key)
        _REMEMBERED.add(key)


def keep_sound() -> None:
    """Write down what was noted, in the home if there is one. Losing the write costs only a second look."""
    if not _FRESH or not _PLACE:
        return
    place = _PLACE[0]
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = place.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(sorted(_FRESH) + sorted(_REMEMBERED - _FRESH)[:KEPT]))
        beside.replace(place)
        _FRESH.clear()
    except OSError:
        return

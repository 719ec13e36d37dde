"""Moving a file out of a watched folder, into a folder of the day; never over another file."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path

MOST_OF_A_NAME = 10_000
NOTE = ".why.txt"


def move_away(root: Path, path: str, where: str, day: date, *, why: str = "") -> Path:
    """Move ``root/path`` to ``root/where/day/path``; where that name is taken, a number is put behind it.

    ``why`` is written beside it before it is moved, so that a refused file never lies there without its reason.
    """
    folder = root / where / day.isoformat() / Path(path).parent
    folder.mkdir(parents=True, exist_ok=True)
    target = _free(folder, Path(path).name)
    if why:
        target.with_name(target.name + NOTE).write_text(why, encoding="utf-8")
    os.rename(root / path, target)
    return target


def _free(folder: Path, name: str) -> Path:
    stem, suffix = os.path.splitext(name)
    for number in range(1, MOST_OF_A_NAME):
        target = folder / (name if number == 1 else f"{stem} ({number}){suffix}")
        if not os.path.lexists(target):
            return target
    raise FileExistsError(17, "Too many files of one name on one day")


def put_back(root: Path, path: str, target: Path) -> None:
    """Undo a move; beside a third file that took the place meanwhile."""
    os.rename(target, _free((root / path).parent, Path(path).name))


def note_of(words: str, at: datetime) -> str:
    """What stands beside a refused file: why it was refused and what to do."""
    return (
        f"This file was not taken in on {at:%Y-%m-%d at %H:%M}.\n\n{words}\n\n"
        "Put right what is wrong and put the file back into the watched folder. It is also listed on Needs sorting.\n"
    )

"""The home: one folder that holds everything of one installation (``BEFOREHAND_HOME``)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def home() -> Path:
    """The folder of this installation, made private on first use."""
    folder = Path(os.environ.get("BEFOREHAND_HOME") or Path.home() / ".beforehand").expanduser()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def secret(name: str) -> str:
    """A key kept in a file of the home, outside the database; made on first use, readable by the owner only."""
    folder = home() / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / name
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as stream:
        stream.write(secrets.token_hex(32))
        stream.flush()
        os.fsync(stream.fileno())
    return path.read_text().strip()


def content_root() -> Path:
    """Where rules/, valuesets/ and knowledge/ lie: beside src/ in a checkout, inside the package in a wheel."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "content"
    return shipped if shipped.is_dir() else package.parent.parent

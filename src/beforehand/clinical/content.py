"""Where the shipped rules, value sets and knowledge tables lie."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def content_root() -> Path:
    """The folder that holds rules/, valuesets/ and knowledge/: the checkout, or inside the package in a wheel."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "content"
    return shipped if shipped.is_dir() else package.parent.parent

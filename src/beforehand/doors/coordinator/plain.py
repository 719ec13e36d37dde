"""Pages that hold no patient data: the keys, and what is said when something goes wrong."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

KEYS = (
    ("Tab, Shift and Tab", "go through the page in reading order"),
    ("Enter, Space", "open a chip, press a button"),
    ("/", "find a person"),
    ("j, k", "next row, row before"),
    ("e", "open the evidence of this row"),
    ("Enter on a row", "its first action"),
    ("u", "undo the last thing done"),
)


@require_safe
def keys(request: Any) -> HttpResponse:
    """Working by keyboard, and turning the single-letter keys off."""
    return render(request, "coordinator/keys.html", {"title": "Keys", "keys": KEYS})


def _wrong(request: Any, status: int, title: str, words: str) -> HttpResponse:
    return render(request, "coordinator/wrong.html", {"title": title, "words": words}, status=status)


def bad_request(request: Any, exception: Exception | None = None) -> HttpResponse:
    """400: the browser sent what no page of ours sends."""
    return _wrong(
        request, 400, "We could not read that", "Nothing was saved and nothing was lost. Go back and try again."
    )


def forbidden(request: Any, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    """403: not theirs to do, or a form that stood open too long."""
    words = (
        "Nothing was saved. Either the page stood open too long: go back, reload it and save again; "
        "or your role does not allow this: ask a supervisor."
    )
    return _wrong(request, 403, "Not saved", words)


def not_found(request: Any, exception: Exception | None = None) -> HttpResponse:
    """404: not there, or not theirs to see; the two are not told apart."""
    words = (
        "It is not there, or it is not yours to see. If you need it to keep someone safe, you may open the record "
        "with a reason; a supervisor will read it."
    )
    return _wrong(request, 404, "We cannot show this page", words)


def failed(request: Any) -> HttpResponse:
    """500: our fault. Rendered without the frame, which may be what failed."""
    return render(request, "500.html", status=500)

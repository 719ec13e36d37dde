"""Bytes as received, handed to a browser so that nothing in them can run, load or ask anything."""

from __future__ import annotations

from django.http import HttpResponse

SHOWN = 20_000  # letters of a text shown on a page; all of it can be opened
PICTURES = ("image/png", "image/jpeg")
ENDINGS = {"application/pdf": "pdf", "image/tiff": "tif", "text/plain": "txt", "application/rtf": "rtf"}


def is_picture(type_: str) -> bool:
    """Whether a browser may draw it on a page."""
    return type_ in PICTURES


def handed_out(type_: str, body: bytes, number: int) -> HttpResponse:
    """The bytes: a picture to look at, anything else to download."""
    response = HttpResponse(body, content_type="text/plain; charset=utf-8" if type_ == "text/plain" else type_)
    name = f"document-{number}.{ENDINGS.get(type_, 'bin')}"
    response["Content-Disposition"] = "inline" if is_picture(type_) else f'attachment; filename="{name}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response

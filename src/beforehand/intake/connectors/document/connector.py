"""Documents that nobody can map: kept whole, described, and filed to a person by somebody who reads them.

A scan, a PDF or a text is one item, a DocumentReference without a patient. An e-mail is one item of several: its text
and each thing attached to it. Nothing is rendered and nothing is fetched here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO

from beforehand.intake.connectors.errors import StopError
from beforehand.intake.connectors.items import RawItem

_KINDS = (
    (b"%PDF-", "application/pdf", "PDF document"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "Picture"),
    (b"\xff\xd8\xff", "image/jpeg", "Picture"),
    (b"II*\0", "image/tiff", "Fax or scan"),
    (b"MM\0*", "image/tiff", "Fax or scan"),
    (b"{\\rtf", "application/rtf", "Text document"),
)
# What other connectors read though it may be named as a text.
_OTHERS = (b"MSH", b"FHS", b"BHS", b"\x0bMSH", b"{", b"[", b"<", b"BEGIN:VCALENDAR", b"#beforehand-list ",
           b"ISA*", b"ISA|", b"ISA^", b"ISA~")  # fmt: skip
_MAIL = re.compile(rb"(?i)^(?:received|return-path|from|date|message-id|mime-version|delivered-to|x-[a-z-]+): ")
_READ = ("subject", "date", "mime-version")
LONGEST_HEADER = 2000  # characters; mail programs fold at 78 and must not go beyond 998 a line
LARGEST_MAIL = 64 * 1024 * 1024
MOST_PARTS = 200
LONGEST_NAME = 200
ATTACHED = "attachment:"


def recognises(head: bytes, name: str) -> bool:
    """Whether the bytes are a document for people to read."""
    if any(head.startswith(mark) for mark, _, _ in _KINDS):
        return True
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = name.casefold()
    if lower.endswith(".eml") or (_MAIL.match(start) and b"\n" in start):
        return True
    return lower.endswith((".txt", ".text", ".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png", ".rtf")) and not (
        start.startswith(_OTHERS)
    )


def items(data: bytes | BinaryIO, name: str = "") -> Iterator[RawItem]:
    """The document, or the text and the attachments of an e-mail; ``StopError`` when it is neither."""
    content = data if isinstance(data, bytes) else data.read()
    if not content.strip():
        raise StopError("The document is empty.", "Ask the sender to send it again.")
    kind = kind_of(content)
    if kind is None and (name.casefold().endswith(".eml") or _MAIL.match(content.lstrip())):
        parts = list(mail_parts(content))
        if not parts:
            raise StopError("The e-mail holds neither words nor anything attached.", "Ask its sender what was in it.")
        for place, (type_, words, title, body, date) in enumerate(parts):
            yield RawItem(place, _described(type_, words, title, body, f"{ATTACHED}{place}", date), unit=0)
        return
    if kind is None:
        if b"\0" in content[:4096]:
            raise StopError("It is named as a document and is none that people can read.", "Ask the sender for a PDF.")
        kind = ("text/plain", "Text document")
    yield RawItem(0, _described(*kind, _title(name), content, "whole"))


def kind_of(content: bytes) -> tuple[str, str] | None:
    """Media type and plain words, by the first bytes; None where they do not tell."""
    return next(((type_, words) for mark, type_, words in _KINDS if content.startswith(mark)), None)


def part_of(content: bytes, address: str) -> tuple[str, bytes]:
    """Media type and bytes of what a DocumentReference of ours points to, for whoever may read it."""
    if not address.startswith(ATTACHED):
        kind = kind_of(content)
        return (kind[0] if kind else "text/plain"), content
    wanted = int(address.removeprefix(ATTACHED))
    for place, (type_, _, _, body, _) in enumerate(mail_parts(content)):
        if place == wanted:
            return type_, body
    raise StopError("The e-mail holds no such part.", "Open the e-mail itself.")


def mail_parts(content: bytes) -> Iterator[tuple[str, str, str, bytes, str]]:
    """Media type, plain words, title, bytes and day of the text of an e-mail and of each attachment."""
    if len(content) > LARGEST_MAIL:
        raise StopError(f"The e-mail is larger than {LARGEST_MAIL // 1024 // 1024} MB.", "Ask for it in parts.")
    try:
        mail = message_from_bytes(content, policy=policy.default)
        _refuse_long_headers(mail)
        date = _mail_date(mail)
        subject = _plain(str(mail.get("Subject", "") or ""))
        text = mail.get_body(("plain", "html")) if isinstance(mail, EmailMessage) else None
        if text is not None:
            yield "text/plain", "E-mail", subject or "E-mail", _text(text), date
        for count, part in enumerate(mail.iter_attachments() if isinstance(mail, EmailMessage) else ()):
            if count >= MOST_PARTS:
                raise StopError(f"The e-mail has more than {MOST_PARTS} attachments.", "Ask for them in an archive.")
            body = part.get_payload(decode=True)
            if not isinstance(body, bytes) or not body.strip():
                continue
            kind = kind_of(body) or ("text/plain", "Text document")
            yield *kind, _title(part.get_filename() or "") or subject, body, date
    except (MessageError, LookupError, ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError):
        # The standard library raises these of its own on mails that break the standard.
        raise StopError("The e-mail cannot be read.", "Ask the sender for the document itself.") from None


def _refuse_long_headers(mail: Any) -> None:
    """The library takes hours over a long header that it reads; it reads these."""
    for part in mail.walk():
        for name, value in part.raw_items():
            is_read = name.casefold() in _READ or name.casefold().startswith("content-")
            if is_read and len(value) > LONGEST_HEADER:
                raise StopError("The e-mail has a header that does not end.", "Ask for the document itself.")


def _text(part: Any) -> bytes:
    """The words of a mail without any of its markup."""
    said = part.get_content()
    words = said if isinstance(said, str) else bytes(said).decode("utf-8", "replace")
    if part.get_content_type() == "text/html":
        words = _without_markup(words)
    return words.encode("utf-8", "replace") or b" "


def _without_markup(text: str) -> str:
    """What stands between the tags, without scripts and styles; in one pass, whatever the tags are."""
    lower = text.lower()
    found, at = [], 0
    while (begin := text.find("<", at)) >= 0:
        found.append(text[at:begin])
        closing = next((f"</{name}" for name in ("script", "style") if lower.startswith(name, begin + 1)), "")
        begin = lower.find(closing, begin) if closing else begin
        end = text.find(">", begin) if begin >= 0 else -1
        if end < 0:
            return " ".join(found)
        at = end + 1
    return " ".join([*found, text[at:]])


def _mail_date(mail: Any) -> str:
    try:
        moment = parsedate_to_datetime(str(mail["Date"]))
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _plain(words: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in words).strip()[:LONGEST_NAME]


def _title(name: str) -> str:
    return _plain(re.split(r"[\\/!]", name)[-1])


def _described(type_: str, words: str, title: str, body: bytes, address: str, date: str = "") -> dict[str, Any]:
    """The DocumentReference of a document: what it is, how large, and its fingerprint; never its content."""
    digest = hashlib.sha256(body).hexdigest()
    attachment = {"contentType": type_, "size": len(body), "url": f"received:{address}", "title": title}
    resource: dict[str, Any] = {
        "resourceType": "DocumentReference",
        "id": f"{address.replace(':', '-')}-{digest[:40]}",
        "status": "current",
        "type": {"text": words},
        "description": title or words,
        "content": [{"attachment": {key: value for key, value in attachment.items() if value}}],
    }
    if date:
        resource["date"] = date
    return resource

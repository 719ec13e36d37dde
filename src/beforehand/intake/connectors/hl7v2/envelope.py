"""The envelope of a message: its header, read however broken the rest is, and the acknowledgement that answers it.

Bytes are read one to one (ISO 8859-1), so that what the answer echoes is byte for byte what was sent.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

_START = re.compile(rb"(?:^|[\r\n\x0b\x1c])MSH([^A-Za-z0-9\s\"])")
_END = re.compile(rb"[\r\n\x1c]")
LONGEST_HEADER = 8192
LONGEST_TEXT = 400
CODES = frozenset(("AA", "AE", "AR", "CA", "CE", "CR"))
_WHEN_ASKED = {"AL": (True, True), "NE": (False, False), "ER": (False, True), "SU": (True, False)}
# HL7 table 0357, the errors we answer with.
SEQUENCE, MISSING, DATA_TYPE, TYPE, EVENT, VERSION = "100", "101", "102", "200", "201", "203"
UNKNOWN_KEY, DUPLICATE, INTERNAL = "204", "205", "207"
_MEANINGS = {
    SEQUENCE: "Segment sequence error",
    MISSING: "Required field missing",
    DATA_TYPE: "Data type error",
    TYPE: "Unsupported message type",
    EVENT: "Unsupported event code",
    VERSION: "Unsupported version id",
    UNKNOWN_KEY: "Unknown key identifier",
    DUPLICATE: "Duplicate key identifier",
    INTERNAL: "Application internal error",
}


class Header(NamedTuple):
    """What a message's MSH says, as sent. ``fault`` is a sentence when there is no MSH that can be read."""

    separator: str = "|"
    encoding: str = "^~\\&"
    sending_application: str = ""
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    message_time: str = ""
    message_type: str = ""
    trigger: str = ""
    structure: str = ""
    control_id: str = ""
    processing_id: str = ""
    version: str = ""
    accept_acknowledgement: str = ""
    application_acknowledgement: str = ""
    charset: str = ""
    fault: str = ""

    @property
    def component(self) -> str:
        """The character between components."""
        return self.encoding[:1] or "^"

    @property
    def escape(self) -> str:
        """The escape character."""
        return self.encoding[2:3] or "\\"

    @property
    def is_enhanced(self) -> bool:
        """Whether the sender asks for the two answers of the enhanced mode: MSH-15 or MSH-16 is valued."""
        return bool(self.accept_acknowledgement or self.application_acknowledgement)

    def wants_accept(self, is_good: bool) -> bool:
        """Whether MSH-15 asks for CA (or, of a message that cannot be taken, for CE or CR)."""
        good, bad = _WHEN_ASKED.get(self.accept_acknowledgement, (False, False))
        return good if is_good else bad

    def wants_application(self, is_good: bool) -> bool:
        """Whether AA (or AE, AR) is asked for; always in the original mode."""
        if not self.is_enhanced:
            return True
        good, bad = _WHEN_ASKED.get(self.application_acknowledgement, (False, False))
        return good if is_good else bad


def header(message: bytes) -> Header:
    """The header of the first message in the bytes; a ``Header`` with its ``fault`` said where there is none."""
    start = _START.search(message[: 4 * LONGEST_HEADER])
    if start is None:
        return Header(fault="It holds no MSH segment, so it is no HL7 v2 message.")
    at = start.start(1) - 3
    end = _END.search(message, at, at + LONGEST_HEADER)
    line = message[at : end.start() if end else at + LONGEST_HEADER].decode("latin-1")
    separator = line[3]
    fields = [*line.split(separator), *[""] * 20]
    encoding = fields[1]
    component = encoding[:1] or "^"
    repetition = encoding[1:2] or "~"
    kind = [*fields[8].partition(repetition)[0].split(component), "", "", ""]
    said = [part.strip() for part in fields]
    return Header(
        separator=separator,
        encoding=encoding or "^~\\&",
        sending_application=said[2],
        sending_facility=said[3],
        receiving_application=said[4],
        receiving_facility=said[5],
        message_time=said[6].partition(component)[0],
        message_type=kind[0].strip(),
        trigger=kind[1].strip(),
        structure=kind[2].strip(),
        control_id=said[9],
        processing_id=said[10],
        version=said[11].partition(component)[0],
        accept_acknowledgement=said[14],
        application_acknowledgement=said[15],
        charset=said[17].partition(repetition)[0],
        fault=_fault(separator, encoding),
    )


def _fault(separator: str, encoding: str) -> str:
    """Why these separators cannot be used; empty when they can."""
    if len(encoding) < 4:
        if len(encoding) == 0:
            return "MSH-2 is empty, so fields cannot be told apart."
        return "" if len(set(separator + encoding)) == len(encoding) + 1 else "Two separators of MSH-2 are alike."
    used = separator + encoding[:4]
    if len(set(used)) < len(used):
        return "Two separators of MSH-1 and MSH-2 are alike."
    if any(sign.isalnum() or sign.isspace() or sign == '"' for sign in used):
        return "A separator of MSH-2 is a letter, a digit, a quotation mark or a blank."
    return ""


def _escaped(text: str, said: Header) -> str:
    """Our own words in the sender's separators, on one line."""
    mark = said.escape
    signs = {mark: "E", said.separator: "F", said.component: "S", said.encoding[1:2]: "R", said.encoding[3:4]: "T"}
    plain = "".join(letter if letter.isprintable() else " " for letter in text[:LONGEST_TEXT])
    return "".join(f"{mark}{signs[letter]}{mark}" if letter in signs else letter for letter in plain)


def acknowledgement(answered: Header, code: str, text: str, control_id: str, now: datetime, error: str = "") -> bytes:
    """The answer to a message, without MLLP's framing: MSH, MSA and, where it is no acceptance, ERR.

    ``code`` is AA, AE, AR or, in the enhanced mode, CA, CE, CR. ``control_id`` is of the answer; MSA-2 echoes that of
    the message. ``error`` is a code of HL7 table 0357, by default 207. ``text`` must hold no patient values.
    """
    if code not in CODES:
        raise ValueError("an acknowledgement says AA, AE, AR, CA, CE or CR")
    said = answered if not answered.fault else Header(control_id=answered.control_id, version=answered.version)
    bar, part = said.separator, said.component
    kind = part.join(["ACK", said.trigger, "ACK"]) if said.trigger else "ACK"
    version = said.version or "2.5"
    words = _escaped(text, said)
    own = "".join(letter for letter in control_id if letter.isalnum() or letter in "-._")
    stamp = now.strftime("%Y%m%d%H%M%S") + (now.strftime("%z") or "")
    head = ["MSH", said.encoding, said.receiving_application, said.receiving_facility, said.sending_application]
    head += [said.sending_facility, stamp, "", kind, own, said.processing_id or "P", version]
    if said.charset:
        head += ["", "", "", "", "", said.charset]
    segments = [bar.join(head), bar.join(["MSA", code, said.control_id, words]).rstrip(bar)]
    if code[1] != "A":
        segments.append(_error_segment(said, version, error or INTERNAL, words))
    return ("\r".join(segments) + "\r").encode("latin-1", "replace")


def _error_segment(said: Header, version: str, error: str, words: str) -> str:
    """ERR as 2.5 and later write it, or as the versions before did."""
    meaning = _MEANINGS.get(error, "Application error")
    if version.startswith(("2.1", "2.2", "2.3", "2.4")):
        below = said.encoding[3:4] or "&"
        return said.separator.join(["ERR", said.component * 3 + below.join([error, meaning, "HL70357"])])
    coded = said.component.join([error, meaning, "HL70357"])
    return said.separator.join(["ERR", "", "", coded, "E", "", "", "", words])

"""One item in the form its sender used: the segments of an HL7 v2 message or an X12 claim, the row of a list, the words
of a C-CDA section. Plain text, with nothing of another item of the same file in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from beforehand.intake.connectors.ccda.original import section_words
from beforehand.intake.connectors.csv.original import row_words
from beforehand.intake.connectors.hl7v2.original import message_words
from beforehand.intake.connectors.items import RawItem
from beforehand.intake.connectors.x12.original import segment_words
from beforehand.intake.formats import items_of, recognise


class Form(NamedTuple):
    """How a format writes one item, as people call it, and the reader that finds it again."""

    words: str
    read: Callable[[bytes, RawItem], str]
    is_whole_message: bool = False  # what is shown may speak of other items of the same message too


FORMS = {
    "hl7v2": Form("The message, segment by segment", message_words),
    "csv": Form("The row of the list", row_words),
    "x12": Form("Its segments", segment_words),
    "ccda": Form("The words of its section", section_words, is_whole_message=True),
}


class Original(NamedTuple):
    """An item as it was received: its form, its words (empty where there are none), and what they may tell beside it.

    ``beside`` are the items whose facts these words may tell; whoever sees them all may read the words.
    """

    form: str
    words: str
    raw: RawItem
    beside: tuple[RawItem, ...]


def original_of(content: bytes, name: str, place: int) -> Original | None:
    """The item in that place, with its sender's own words for it."""
    every = list(items_of(content, name))
    raw = next((one for one in every if one.place == place), None)
    if raw is None:
        return None
    form = FORMS.get(recognise(content, name))
    if form is None:
        return Original("", "", raw, (raw,))
    beside = [one for one in every if form.is_whole_message or (one.unit == raw.unit and raw.unit is not None)]
    return Original(form.words, form.read(content, raw), raw, tuple(beside) or (raw,))

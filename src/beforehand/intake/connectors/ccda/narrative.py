"""The human-readable text of a section: read into a small tree of our own, and written again as HTML of our own.

Nothing is passed through. Of the sender's markup only the kinds below survive, and of its attributes only how many
cells a cell spans. There are no addresses, pictures, styles or scripts in the tree, so none can come out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

from beforehand.intake.connectors.ccda.datatypes import V3, UnreadableError, name_of
from beforehand.intake.connectors.xml import Element

# What the sender calls it, and what it is in the tree. All else is a plain group, of which only the text stays.
_KINDS = {
    "paragraph": "paragraph", "p": "paragraph", "list": "list", "item": "item", "table": "table",
    "caption": "caption", "thead": "head", "tbody": "body", "tfoot": "body", "tr": "row", "th": "heading", "td": "cell",
    "content": "group", "linkHtml": "group", "footnote": "footnote", "footnoteRef": "group", "sub": "sub", "sup": "sup",
    "br": "break", "renderMultiMedia": "group",
}  # fmt: skip
_SILENT = frozenset(("script", "style", "col", "colgroup", "head", "title", "iframe", "object", "embed"))
_TAGS = {
    "paragraph": "p", "list": "ul", "ordered": "ol", "item": "li", "table": "table", "head": "thead", "body": "tbody",
    "row": "tr", "heading": "th", "cell": "td", "footnote": "aside", "sub": "sub", "sup": "sup", "strong": "strong",
    "emphasis": "em", "caption": "caption",
}  # fmt: skip
_BLOCKS = frozenset(("paragraph", "list", "ordered", "item", "table", "caption", "row", "heading", "cell", "footnote"))
_INSIDE = {
    "head": "table", "body": "table", "row": "table", "caption": "table", "heading": "row", "cell": "row",
    "item": "list",
}  # fmt: skip
_WIDEST = 100
MOST_WORDS = 10_000_000  # letters that all entries of a document point to
_SPACE = re.compile(r"\s+")
_STYLES = {"Bold": "strong", "Italics": "emphasis", "Emphasis": "emphasis"}


@dataclass(slots=True)
class Node:
    """A piece of narrative: its kind and what it holds, text and pieces in order."""

    kind: str
    parts: list[Node | str] = field(default_factory=list)
    columns: int = 1
    rows: int = 1


def read_narrative(text: Element) -> Node:
    """The tree of a section's text."""
    return _node(text, "group", "")


def _node(element: Element, kind: str, around: str) -> Node:
    node = Node(kind)
    if kind in ("heading", "cell"):
        node.columns, node.rows = _span(element, "colspan"), _span(element, "rowspan")
    if element.text:
        node.parts.append(element.text)
    within = kind if kind in ("table", "row") or kind in ("list", "ordered") else around
    for part in element:
        name = name_of(part)
        if isinstance(part.tag, str) and name not in _SILENT:
            node.parts.append(_node(part, _kind_of(part, name, within), within))
        if part.tail:
            node.parts.append(part.tail)
    return node


def _kind_of(element: Element, name: str, within: str) -> str:
    """The kind of a piece; what stands outside of where it belongs, such as a cell without a row, is a group."""
    kind = _KINDS.get(name, "group") if str(element.tag).startswith(V3) else "group"
    due = _INSIDE.get(kind)
    if due is not None and not within.startswith(due) and not (due == "list" and within == "ordered"):
        return "paragraph" if kind in _BLOCKS else "group"
    if kind == "list" and (element.get("listType") or "").casefold() == "ordered":
        return "ordered"
    if name == "content":
        styles = (element.get("styleCode") or "").split()
        return next((_STYLES[style] for style in styles if style in _STYLES), "group")
    return kind


def _span(element: Element, name: str) -> int:
    said = element.get(name) or ""
    return min(int(said), _WIDEST) if said.isascii() and said.isdigit() and len(said) < 6 and int(said) else 1


def html_of(node: Node) -> str:
    """The tree as HTML: text escaped, a dozen tags without attributes but how far a cell spans."""
    written: list[str] = []
    _write(node, written)
    return "".join(written)


def _write(node: Node, written: list[str]) -> None:
    if node.kind == "break":
        written.append("<br>")
        return
    tag = _TAGS.get(node.kind)
    if tag is not None:
        span = f' colspan="{node.columns}"' if node.columns > 1 else ""
        span += f' rowspan="{node.rows}"' if node.rows > 1 else ""
        written.append(f"<{tag}{span}>")
    for part in node.parts:
        if isinstance(part, str):
            written.append(escape(_SPACE.sub(" ", part)))
        else:
            _write(part, written)
    if tag is not None:
        written.append(f"</{tag}>")


def plain_of(node: Node) -> str:
    """The tree as plain text, a line for each paragraph, item and row."""
    written: list[str] = []
    _tell(node, written)
    lines = "".join(written).split("\n")
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def _tell(node: Node, written: list[str]) -> None:
    if node.kind == "break":
        written.append("\n")
        return
    is_cell = node.kind in ("heading", "cell")
    is_block = node.kind in _BLOCKS and not is_cell
    if is_block:
        written.append("\n")
    for part in node.parts:
        if isinstance(part, str):
            written.append(_SPACE.sub(" ", part))
        else:
            _tell(part, written)
    if is_cell or is_block:
        written.append(" | " if is_cell else "\n")


class Texts:
    """Pieces of narrative by their ID, to which entries point for their words."""

    def __init__(self, texts: Iterable[Element]) -> None:
        self._left = MOST_WORDS
        self._elements: dict[str, Element] = {}
        self._words: dict[str, str] = {}
        for text in texts:
            for element in text.iter():
                named = element.get("ID")
                if named:
                    self._elements.setdefault(named, element)

    def words(self, reference: str) -> str:
        """The words of what ``#id`` points to; empty where nothing has that ID."""
        named = reference.strip().removeprefix("#")
        if named not in self._words:
            element = self._elements.get(named)
            said = "" if element is None else plain_of(_node(element, "group", "table row list"))
            self._left -= len(said)
            if self._left < 0:
                raise UnreadableError("text", "The entries point to more text than any document holds.")
            self._words[named] = " ".join(said.replace(" | ", " ").replace("\n", " ").split())
        return self._words[named]

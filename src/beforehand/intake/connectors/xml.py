"""The one place where XML is parsed. Nothing is fetched, expanded or trusted; size, depth and nodes have limits."""

from __future__ import annotations

import re

from lxml import etree

from beforehand.intake.connectors.errors import StopError

Element = etree._Element
LARGEST = 64 * 1024 * 1024
MOST_TAGS = 1_500_000  # opening and closing; the largest document seen so far has a tenth
RESEND = "Ask the sender for the document as it was written."
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def read_xml(content: bytes) -> Element:
    """The root element, without comments and processing instructions; ``StopError`` where it is not to be read."""
    content = content.removeprefix(_BYTE_ORDER_MARK).lstrip()
    if not content:
        raise StopError("The file is empty.", "Ask the sender to send it again.")
    if len(content) > LARGEST:
        raise StopError(f"The document is larger than {LARGEST // 1024 // 1024} MB.", "Ask the sender to split it.")
    if content.count(b"<") > MOST_TAGS:
        raise StopError(f"The document has more than {MOST_TAGS:,} tags, as no genuine one has.", RESEND)
    if _DOCTYPE.search(content):
        raise _with_entities()
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,  # keeps libxml2's own limits: 256 levels, 10 MB of text in one place
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as fault:
        line, column = fault.position
        raise StopError(f"It is not well-formed XML (line {line}, column {column}): {_why(fault)}.", RESEND) from None
    except ValueError:
        raise StopError("It is not well-formed XML: its text encoding cannot be read.", RESEND) from None
    if root.getroottree().docinfo.internalDTD is not None:  # one in UTF-16 is seen only now
        raise _with_entities()
    return root


def _with_entities() -> StopError:
    return StopError(
        "It carries a document type definition, which can hold entities that fetch or grow without end.",
        "Ask the sender for the document without a DOCTYPE; C-CDA has none.",
    )


def _why(fault: etree.XMLSyntaxError) -> str:
    """The kind of fault in words; the parser's own words may quote the document."""
    said = str(fault.msg).casefold()
    for mark, words in (
        ("excessive depth", "it nests deeper than any document does"),
        ("namespace prefix", "it uses a namespace prefix that it does not bind"),
        ("mismatch", "an opening and a closing tag do not match"),
        ("end of", "it ends in the middle"),
        ("premature", "it ends in the middle"),
        ("encoding", "its text is not in the encoding that it names"),
        ("utf-8", "its text is not in the encoding that it names"),
        ("entity", "it uses an entity that it does not define"),
        ("attribute", "an attribute is not written as XML asks"),
        ("extra content", "something follows the end of the document"),
    ):
        if mark in said:
            return words
    return "a tag is not written as XML asks"

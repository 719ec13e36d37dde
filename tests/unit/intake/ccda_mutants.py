"""Clinical documents spoilt by chance, with a seed; and what must hold of what the connector makes of each."""

from __future__ import annotations

import copy
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from beforehand.intake.connectors.ccda import connector, mapping
from beforehand.intake.connectors.ccda.datatypes import V3
from beforehand.intake.connectors.errors import ConnectorError
from beforehand.intake.connectors.xml import Element
from tests.contracts.connector_suite import fate_of, readable

SAMPLES = sorted((Path(connector.__file__).parent / "samples").glob("*.xml"))
_VALUES = ("", "x", "-1", "99999999999999999999", "1e999", "NaN", "20260230", "#", "\u202e", "'\"<>&", "A" * 5000, "0")
_TAGS = (
    "section",
    "entry",
    "observation",
    "component",
    "value",
    "act",
    "text",
    "id",
    "code",
    "script",
    "effectiveTime",
)
_BYTES = (b"<", b">", b"&", b"\0", b"\xff", b'"', b"]]>", b"<!--", b"<![CDATA[", b"&#x0;", b"xmlns:a='b' ")


def spoil(content: bytes, chance: random.Random) -> bytes:
    """One mutant: bytes broken, or the tree changed in one to six places."""
    if chance.random() < 0.25:
        spoilt = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(spoilt))
            spoilt[at : at + chance.choice((0, 1, 20))] = chance.choice(_BYTES)
        return bytes(spoilt)
    root = etree.fromstring(content)
    for _ in range(chance.randint(1, 6)):
        every = [one for one in root.iter() if isinstance(one.tag, str)]
        _change(chance.choice(every), chance.choice(every), chance)
    return etree.tostring(root)


def _change(one: Element, other: Element, chance: random.Random) -> None:
    what = chance.randrange(8)
    above = one.getparent()
    if what == 0 and above is not None:
        above.remove(one)
    elif what == 1 and one.attrib:
        one.set(chance.choice(list(one.attrib)), chance.choice(_VALUES).replace("\0", ""))
    elif what == 2 and one.attrib:
        del one.attrib[chance.choice(list(one.attrib))]
    elif what == 3:
        one.tag = V3 + chance.choice(_TAGS)
    elif what == 4:
        one.set("nullFlavor", chance.choice(("UNK", "NI", "OTH", "x")))
    elif what == 5:
        one.text = chance.choice(_VALUES)
    elif what == 6 and above is not None:
        above.append(copy.deepcopy(one))
    elif what == 7 and other is not one and one not in list(other.iterancestors()):
        other.append(one) if other not in list(one.iterdescendants()) else None


@dataclass
class Outcome:
    """What became of many mutants."""

    mutants: int = 0
    refused: int = 0
    read: int = 0
    items: int = 0
    set_aside: int = 0
    slowest: float = 0.0
    crashes: list[str] = field(default_factory=list)
    silent: list[int] = field(default_factory=list)
    unforeseen: int = 0  # entries set aside only because a reader failed in a way nobody foresaw


def try_mutants(count: int, seed: int, samples: list[bytes] | None = None) -> Outcome:
    """Make so many mutants and read them."""
    chance = random.Random(seed)
    contents = samples or [path.read_bytes() for path in SAMPLES]
    found = Outcome()
    for number in range(count):
        content = spoil(chance.choice(contents), chance)
        started = time.process_time()
        try:
            items = list(connector.items(content))
        except ConnectorError as refusal:
            found.refused += 1
            if not readable(refusal.reason):
                found.crashes.append(f"mutant {number}: a reason nobody can read")
            continue
        except Exception as fault:
            found.crashes.append(f"mutant {number}: {type(fault).__name__}")
            continue
        finally:
            found.mutants += 1
            found.slowest = max(found.slowest, time.process_time() - started)
        found.read += 1
        found.items += len(items)
        fates = [fate_of(item) for item in items]
        found.set_aside += sum(fate not in ("mapped", "kept") for fate in fates)
        found.unforeseen += fates.count(mapping.NOT_BUILT_SO)
        if not accounts_for(content, {item.error.place for item in items if item.error}, len({i.unit for i in items})):
            found.silent.append(number)
    return found


def accounts_for(content: bytes, places: set[str], units: int) -> bool:
    """Whether each entry of the document gave an item, or something was recorded as out of place."""
    root = etree.fromstring(content)
    entries = sum(1 for _ in root.iter(V3 + "entry"))
    return units >= entries + 1 or any(place.startswith("Document: ") for place in places)

"""Where the implementation guides put each segment, by the maps that pyx12 carries.

An X12 file is flat: whether an NM1 names the insured or the surgeon depends on what stood before it. pyx12's walker
knows that for every guide. It is asked once for each way a segment can follow another and the answer is kept, so a
file of any length costs a look-up a segment. Counting and reading of files is not left to it: see ADR 16.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pyx12.map_if
import pyx12.params
import pyx12.segment
from pyx12.errors import EngineError
from pyx12.map_walker import walk_tree

from beforehand.intake.connectors.x12.envelope import Segment

# By transaction set and the part of its version that names the guide. 4010 was retired in 2012; some still send it.
MAPS = {
    ("835", "005010X221"): "835.5010.X221.A1.xml",
    ("837", "005010X222"): "837.5010.X222.A1.xml",
    ("837", "005010X223"): "837Q3.I.5010.X223.A1.xml",
    ("834", "005010X220"): "834.5010.X220.A1.xml",
    ("277", "005010X214"): "277.5010.X214.xml",
    ("835", "004010X091"): "835.4010.X091.A1.xml",
    ("837", "004010X098"): "837.4010.X098.A1.xml",
    ("837", "004010X096"): "837.4010.X096.A1.xml",
    ("834", "004010X095"): "834.4010.X095.A1.xml",
}
LENGTH = 10  # of the part that names the guide: 005010X222A1 and 005010X222A2 are editions of one
Key = tuple[str, str]


class Guide:
    """One implementation guide: a step from segment to segment."""

    def __init__(self, file: str) -> None:
        self._root: Any = pyx12.map_if.load_map_file(file, pyx12.params.params())
        self._codes: dict[str, set[str]] = {}
        self._learn(self._root)
        self.first: Any = self._root.getnodebypath("/ISA_LOOP/GS_LOOP/ST_LOOP/ST")
        self._known: dict[tuple[int, Key], Any] = {}
        self._entries: dict[str, list[Any]] = {}
        self._find_entries(self._root)

    def entry(self, name: str) -> Any:
        """The segment that begins the one loop which begins with this name; None where several do, or none."""
        found = self._entries.get(name, [])
        return found[0] if len(found) == 1 else None

    def _find_entries(self, node: Any) -> None:
        for children in node.pos_map.values():
            for child in children:
                if child.is_loop():
                    first = child.get_first_node()
                    if first is not None and first.is_segment():
                        self._entries.setdefault(str(first.id), []).append(first)
                    self._find_entries(child)

    def _learn(self, node: Any) -> None:
        """By which codes segments of a name are told apart anywhere in the guide."""
        if node.is_segment():
            codes = self._codes.setdefault(str(node.id), set())
            told_by = node.guess_unique_key_id_element()
            codes.update(told_by.valid_codes if told_by is not None else ())
        elif node.is_loop() or node.is_map_root():
            for children in node.pos_map.values():
                for child in children:
                    self._learn(child)

    def key_of(self, segment: Segment) -> Key | None:
        """What of a segment decides where it goes; None where the guide has no segment of the name."""
        codes = self._codes.get(segment.name)
        if codes is None:
            return None
        said = segment.text(3 if segment.name == "HL" else 1)
        return segment.name, said if said in codes else ""

    def follow(self, node: Any, key: Key) -> Any:
        """The place of the segment that follows the one at ``node``; None where there is none for it."""
        known = (id(node), key)
        if known not in self._known:
            self._known[known] = self._walk(node, key)
        return self._known[known]

    def _walk(self, node: Any, key: Key) -> Any:
        name, said = key
        raw = f"{name}*1*1*{said}" if name == "HL" else f"{name}*{said}*1"
        try:
            found, *_ = walk_tree().walk_errors(node, pyx12.segment.Segment(raw, "~", "*", ":"), 1, 1, None)
        except EngineError:
            return None
        return found


@lru_cache(maxsize=len(MAPS))
def guide_of(type_: str, version: str) -> Guide | None:
    """The guide of a transaction set; None where it is not one that is read here."""
    file = MAPS.get((type_, version[:LENGTH].upper()))
    return Guide(file) if file else None


class Placing:
    """Puts the segments of one transaction set into the loops of its guide, one after the other."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.node = guide.first

    def place(self, segment: Segment) -> None:
        """Write down the loop of the segment.

        Senders do not always keep the guide's order, so what has no place after the segment before is looked for
        from the beginning of the loop that is open, and of those around it. What has none then is in no loop.
        """
        key = self.guide.key_of(segment)
        if key is None:
            return
        entry = self.guide.entry(segment.name)
        if entry is not None:  # what can stand in one place alone stands there, whatever was left out before it
            self.node, segment.loop = entry, str(entry.parent.id)
            return
        for node in self._starts():
            found = self.guide.follow(node, key)
            if found is not None:
                self.node = found
                segment.loop = str(found.parent.id)
                return

    def _starts(self) -> list[Any]:
        """The node that was found last; then the first of its loop, and of each loop around it below the header."""
        starts, loop = [self.node], self.node.parent
        while loop is not None and loop.is_loop() and str(loop.id)[:1].isdigit():
            first = loop.get_first_node()
            if first is not None and first.is_segment():
                starts.append(first)
            loop = loop.parent
        return starts

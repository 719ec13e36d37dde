"""The concept dictionary: every coded meaning a source sent, once, with all its codings; facts hold its number.

Two concepts are one when they carry the same codings, whatever the order and the words beside them. Words alone
are a concept of their own (``text:...``). A code without a system belongs to the source that sent it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from beforehand.clinical.codes import token_of
from beforehand.record.models import Concept, ConceptCoding
from beforehand.record.store.alike import concept_with
from beforehand.record.store.rows import Numbers, insert_objects, insert_rows

# Which coding of several names the concept: the systems rules are written in come first.
LEADING = ("loinc", "rxnorm", "snomed", "cvx", "icd10cm", "hcpcs", "cpt", "ndc", "icd9cm")
Pair = tuple[str, str]


def _rank(pair: Pair) -> tuple[int, str, str]:
    system, code = pair
    return (LEADING.index(system) if system in LEADING else len(LEADING), system, code)


def digest_of(pairs: Iterable[Pair], words: str = "") -> str:
    """The name of a coded meaning: of its codings in a fixed order, or of its words where it has none."""
    ordered = sorted(set(pairs), key=_rank)
    content = "\x1e".join(f"{system}\x1f{code}" for system, code in ordered) if ordered else f"text\x1f{words}"
    return hashlib.sha256(content.encode()).hexdigest()


class Dictionary:
    """Numbers of concepts for one run of intake; ``write`` adds new ones in the same transaction as the facts."""

    def __init__(self, source_name: str) -> None:
        self.local = f"local:{source_name}"[:200]
        self.numbers: dict[Any, int | None] = {}
        self.fresh: list[tuple[Any, Concept, list[ConceptCoding]]] = []
        self.ids = Numbers(Concept)

    def number(self, codeable: dict[str, Any] | None) -> int | None:
        """The number of a CodeableConcept or bare Coding; None when it says nothing."""
        if not codeable:
            return None
        codings: Any = codeable.get("coding")
        if codings is None:
            codings = [codeable] if "code" in codeable else ()
        key: Any
        if len(codings) == 1:
            coding = codings[0]
            key = (coding.get("system"), code) if (code := coding.get("code")) is not None else None
            if key is None:
                key = (None, None, codeable.get("text") or coding.get("display"))
        elif codings:
            key = tuple((coding.get("system"), coding.get("code")) for coding in codings if coding.get("code"))
            if not key:
                key = (None, None, codeable.get("text") or codings[0].get("display"))
        else:
            key = (None, None, codeable.get("text") or codeable.get("display"))
        try:
            return self.numbers[key]
        except KeyError:
            number = self.numbers[key] = self._look_up(codeable, codings, key)
            return number

    def said(self, codeable: dict[str, Any], codings: Iterable[dict[str, Any]]) -> tuple[dict[Pair, str], str]:
        """The codings, with the words beside them; or the words alone where nothing is coded."""
        displays: dict[Pair, str] = {}
        for coding in codings:
            if code := str(coding.get("code") or "").strip():
                system = token_of(coding["system"]) if coding.get("system") else self.local
                displays.setdefault((system[:200], code[:200]), coding.get("display") or "")
        said = codeable.get("text") or next((coding.get("display") for coding in codings), codeable.get("display"))
        return displays, "" if displays else " ".join(str(said or "").split())

    def _look_up(self, codeable: dict[str, Any], codings: Iterable[dict[str, Any]], key: Any) -> int | None:
        displays, words = self.said(codeable, codings)
        if not displays and not words:
            return None
        digest = digest_of(displays, words)
        known = concept_with(digest)
        if known is not None:
            return known
        for _, waiting, _ in self.fresh:
            if waiting.digest == digest:
                return int(waiting.id)
        return self._add(key, digest, displays, str(codeable.get("text") or ""), words)

    def _add(self, key: Any, digest: str, displays: dict[Pair, str], text: str, words: str) -> int:
        number = self.ids.take()
        pairs = sorted(displays, key=_rank)
        leading = f"{pairs[0][0]}:{pairs[0][1]}" if pairs else f"text:{words}"
        display = next((displays[pair] for pair in pairs if displays[pair]), "") or text or words
        concept = Concept(id=number, digest=digest, key=leading[:300], display=display)
        rows = [ConceptCoding(concept_id=number, system=s, code=c, display=displays[s, c]) for s, c in pairs]
        self.fresh.append((key, concept, rows))
        return number

    def write(self) -> list[int]:
        """Add the new concepts and derive which value sets and medicine classes they fall in; their numbers."""
        numbers = [int(concept.id) for _, concept, _ in self.fresh]
        if numbers:
            insert_objects([concept for _, concept, _ in self.fresh])
            codings = [(row.concept_id, row.system, row.code, row.display) for _, _, rows in self.fresh for row in rows]
            insert_rows("concept_coding", ["concept_id", "system", "code", "display"], codings)
        self.ids.close()
        self.ids = Numbers(Concept)
        self.fresh = []
        return numbers

    def forget(self) -> None:
        """Forget what a transaction that was undone had added."""
        self.numbers.clear()
        self.fresh = []
        self.ids = Numbers(Concept)

"""Signed lists: each as it was when it was signed, and what has changed on the record since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from django.utils import timezone

from beforehand.care.medicines.answers import ANSWERS, TOLD_BY
from beforehand.care.medicines.compose import DONE, ENDED, SEEN, TOLD
from beforehand.care.medicines.lines import KINDS, Line, ListNow
from beforehand.care.medicines.seen import SORTS, Difference, SeenLine, fact_words, seen_line
from beforehand.intake.as_sent import sent
from beforehand.record.access import PatientNotVisibleError, Principal, for_principal
from beforehand.record.models import ConceptCoding, Item, Resource, Source

_OURS = "urn:beforehand:"


class SignedListError(ValueError):
    """That cannot be done with this signed list; says what to do instead."""


@dataclass(frozen=True)
class Signing:
    """That a list was signed: which, when, by whom."""

    list_id: int  # the fact that the list was gone through
    patient_id: int
    kind: str
    signed_at: datetime
    signed_day: int
    by: str
    by_user_id: int | None
    source_id: int
    number: str


@dataclass(frozen=True)
class SignedEntry:
    """One line as it was signed."""

    name: str
    answer: str
    words: str
    was: Mapping[str, str]  # what was on record, by sort of fact
    fact_ids: tuple[int, ...]  # of what was on record then, and of what the answer stated
    labels: tuple[str, ...] = ()
    is_added: bool = False

    def answer_words(self, kind: str) -> str:
        """The answer as it stood on the page."""
        return "Added" if self.is_added else dict(ANSWERS[kind]).get(self.answer, self.answer)


@dataclass(frozen=True)
class SignedList(Signing):
    """The whole signed list, as far as the principal may see its lines."""

    told_by: str = ""
    note: str = ""
    none_known: bool = False
    entries: tuple[SignedEntry, ...] = ()
    hidden: int = 0  # lines with a label the principal does not see
    resources: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    last_item: int = 0

    @property
    def told_by_words(self) -> str:
        """Who told what was signed."""
        return dict(TOLD_BY).get(self.told_by, "Not said")


def signed_lists(principal: Principal, patient_id: int, kind: str) -> list[Signing]:
    """Every signing of one list of a person that holds, newest first."""
    concepts = ConceptCoding.objects.filter(system="work", code=DONE[kind][0]).values("concept_id")
    people = Source.objects.filter(kind="PERSON").values("pk")
    rows = for_principal(principal).of(patient_id).facts("procedure").filter(
        code__in=concepts, source_id__in=people, status="completed"
    )  # fmt: skip
    return _signings(list(rows.order_by("-item_id").values()[:100]), kind)


def _signings(rows: Sequence[Mapping[str, Any]], kind: str) -> list[Signing]:
    numbers = dict(Resource.objects.filter(pk__in=[row["id"] for row in rows]).values_list("pk", "logical_id"))
    sources = Source.objects.in_bulk({row["source_id"] for row in rows})
    lists = set(
        Resource.objects.filter(
            source_id__in=sources, type="List", logical_id__in=list(numbers.values()), current_item_id__isnull=False
        ).values_list("source_id", "logical_id")
    )
    found = []
    for row in rows:
        number, source = numbers.get(row["id"], ""), sources[row["source_id"]]
        if (source.pk, number) in lists:
            found.append(
                Signing(
                    list_id=int(row["id"]),
                    patient_id=int(row["patient_id"]),
                    kind=kind,
                    signed_at=datetime.fromtimestamp(row["done_at"] or 0, UTC).astimezone(
                        timezone.get_current_timezone()
                    ),
                    signed_day=int(row["done_to_day"]),
                    by=source.label or source.name,
                    by_user_id=source.user_id,
                    source_id=source.pk,
                    number=number,
                )
            )
    return found


def named_list(principal: Principal, list_id: int) -> SignedList:
    """One signed list, read from the bytes it was signed with."""
    access = for_principal(principal)
    row = access.facts("procedure").filter(pk=list_id, status="completed").values().first()
    missing = PatientNotVisibleError(f"there is no signed list {list_id} that {principal.label} may see")
    if row is None:
        raise missing
    codes = set(ConceptCoding.objects.filter(concept_id=row["code"] or 0, system="work").values_list("code", flat=True))
    kind = next((kind for kind in KINDS if DONE[kind][0] in codes), "")
    found = _signings([row], kind) if kind else []
    if not found:
        raise missing
    signing = found[0]
    identity = Resource.objects.get(source_id=signing.source_id, type="List", logical_id=signing.number)
    item = Item.objects.get(pk=identity.current_item_id or 0)
    said = sent(item)
    items = list(Item.objects.filter(message_id=item.message_id).values_list("pk", "resource_id"))
    entries = [_entry(one, signing.source_id) for one in said.get("entry") or ()]
    shown = tuple(one for one in entries if all(access.sees_label(label) for label in one.labels))
    ended = [_resolved(one["valueReference"]["reference"], 0) for one in _extensions(said, ENDED)]
    told = next((str(one.get("valueCode") or "") for one in _extensions(said, TOLD)), "")
    return SignedList(
        **signing.__dict__,
        told_by=told,
        note=" ".join(str(one.get("text") or "") for one in said.get("note") or ()),
        none_known="emptyReason" in said or _has_none_known(items),
        entries=shown,
        hidden=len(entries) - len(shown),
        resources=tuple(sorted(int(number) for _, number in items if number is not None)),
        ended=tuple(number for number in ended if number is not None),
        last_item=max(number for number, _ in items),
    )


def _has_none_known(items: Sequence[tuple[int, int | None]]) -> bool:
    numbers = [number for _, number in items if number is not None]
    return Resource.objects.filter(pk__in=numbers, type="AllergyIntolerance", logical_id__endswith="-none").exists()


def _extensions(resource: Mapping[str, Any], url: str) -> list[dict[str, Any]]:
    return [one for one in resource.get("extension") or () if one.get("url") == url]


def _entry(entry: Mapping[str, Any], source_id: int) -> SignedEntry:
    seen = next((one.get("extension") or [] for one in _extensions(entry, SEEN)), [])
    texts = {str(one["url"]): str(one["valueString"]) for one in seen if "valueString" in one}
    references = [one["valueReference"]["reference"] for one in seen if one.get("url") == "fact"]
    facts = [_resolved(address, source_id) for address in (*references, entry["item"]["reference"])]
    return SignedEntry(
        name=str(entry["item"].get("display") or "Not named"),
        answer=str(entry["flag"]["coding"][0]["code"]),
        words=texts.get("words", ""),
        was={sort: texts[sort] for sort in SORTS if sort in texts},
        fact_ids=tuple(dict.fromkeys(number for number in facts if number is not None)),
        labels=tuple(str(one["valueCode"]) for one in seen if one.get("url") == "label"),
        is_added=any(one.get("url") == "added" for one in seen),
    )


def _resolved(address: str, source_id: int) -> int | None:
    """The fact a signed list refers to: of any source by our own reference, else the signer's own."""
    wanted: dict[str, Any]
    if address.startswith(_OURS):
        name, type_, logical_id = address[len(_OURS) :].split("/")
        wanted = {"source_id__in": Source.objects.filter(name=unquote(name)).values("pk"), "type": type_}
        wanted["logical_id"] = unquote(logical_id)
    else:
        type_, _, logical_id = address.partition("/")
        wanted = {"source_id": source_id, "type": type_, "logical_id": logical_id}
    return Resource.objects.filter(**wanted).values_list("pk", flat=True).first()


def changed_since(signed: SignedList, now: ListNow) -> list[Difference]:
    """What joined, left or was said anew since the list was signed; both sides, what was signed and what is now."""
    line_of = {fact.fact_id: line for line in now.lines for fact in line.every}
    matched: set[str] = set()
    found: list[Difference] = []
    for entry in signed.entries:
        line = next((line_of[number] for number in entry.fact_ids if number in line_of), None)
        before = SeenLine("", entry.name, "", entry.was)
        if line is None:
            found.append(Difference("", "GONE", entry.name, before, None))
            continue
        matched.add(line.key)
        if not line.stands and not line.is_none_known and entry.answer not in _OFF:
            found.append(Difference(line.key, "GONE", entry.name, before, _now_line(line, signed)))
        elif _later(line, signed):
            found.append(Difference(line.key, "CHANGED", entry.name, before, _now_line(line, signed)))
    for line in now.current:
        if line.key not in matched and _later(line, signed):
            found.append(Difference(line.key, "NEW", line.name, None, seen_line(line)))
    return sorted(found, key=lambda each: (each.name.casefold(), each.key))


_OFF = ("not-taking", "no", "over")


def _later(line: Line, signed: SignedList) -> bool:
    stated = set(signed.resources) | set(signed.ended)
    return any(fact.item_id > signed.last_item and fact.fact_id not in stated for fact in line.every)


def _now_line(line: Line, signed: SignedList) -> SeenLine:
    """The line as it is now, without what the signing itself stated."""
    words = {}
    for sort, facts in line.facts.items():
        others = [fact for fact in facts if fact.fact_id not in signed.resources]
        if others:
            words[sort] = fact_words(others[0])
    return SeenLine(line.key, line.name, line.seen, words)

"""Value sets: the shipped ones, those an organisation loads, and which coded meanings fall in which.

Rules join ``value_set_code`` by the name of a set and never compare codes themselves. A coded meaning with
several codings is in a set when any one of them is.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from django.db import transaction

from beforehand.clinical.codes import token_of
from beforehand.clinical.content import content_root
from beforehand.clinical.valuesets import COLUMNS, Member, published_name, read_value_set, shipped_value_sets
from beforehand.record.models import ConceptCoding, ValueSet, ValueSetCode, ValueSetMember
from beforehand.record.store.rows import insert_rows

CHUNK = 900
_NAME = re.compile(r"[^a-z0-9]+")


class ValueSetLoadError(ValueError):
    """A value set cannot be loaded; says which one, why, and what to do."""


@dataclass(frozen=True)
class Loaded:
    """What one value set became: NEW, CHANGED or SAME, and how many codes it has."""

    name: str
    outcome: str
    codes: int


@dataclass(frozen=True)
class _Stated:
    name: str
    title: str
    url: str
    version: str
    members: tuple[Member, ...]


def load_shipped() -> list[Loaded]:
    """Stores the value sets that come with the product. One an organisation has loaded under the same name stays."""
    stored = {one.name: one for one in ValueSet.objects.all()}
    shipped = shipped_value_sets(content_root())
    if not stored:
        return _keep_first(
            [_Stated(name, one.title, "", one.digest[:12], one.members) for name, one in shipped.items()]
        )
    found = []
    for name, text in shipped.items():
        kept = stored.get(name)
        is_same = kept is not None and (kept.digest, kept.title) == (text.digest, text.title[:300])
        if kept is not None and is_same and kept.origin == "SHIPPED":
            found.append(Loaded(name, "SAME", len(text.members)))
        elif kept is None or kept.origin == "SHIPPED":
            found.append(_keep(_Stated(name, text.title, "", text.digest[:12], text.members), "SHIPPED"))
    return found


def load_path(path: Path) -> list[Loaded]:
    """Loads the value sets in a file or folder: CSV like the shipped ones, FHIR ValueSet resources or Bundles."""
    if path.is_dir():
        inside = sorted(p for p in path.iterdir() if p.suffix in (".csv", ".json"))
        if not inside:
            raise ValueSetLoadError(f"{path.name} holds no .csv or .json file; name a value set file or its folder")
        stated = [one for part in inside for one in _stated(part)]
    else:
        stated = _stated(path)
    with transaction.atomic():
        return [_keep(one, "LOADED") for one in stated]


def extend(concept_ids: Collection[int]) -> None:
    """Derives for new coded meanings which value sets they fall in."""
    ids = sorted(concept_ids)
    for start in range(0, len(ids), CHUNK):
        codings = ConceptCoding.objects.filter(concept_id__in=ids[start : start + CHUNK])
        _derive(list(codings.values_list("concept_id", "system", "code")))


def names() -> list[str]:
    """The names rules may use."""
    return sorted(ValueSet.objects.values_list("name", flat=True))


def _stated(path: Path) -> list[_Stated]:
    if path.suffix == ".csv":
        return [_from_csv(path)]
    try:
        resource = orjson.loads(path.read_bytes())
    except ValueError:
        raise ValueSetLoadError(f"{path.name} is not JSON; give a FHIR ValueSet, a Bundle of them or a CSV") from None
    return _from_fhir(resource, path.name)


def _from_csv(path: Path) -> _Stated:
    content = path.read_text(encoding="utf-8-sig")
    if content.lstrip().startswith("#"):
        text = read_value_set(path)
        return _Stated(text.name, text.title, "", text.digest[:12], text.members)
    rows = csv.DictReader(io.StringIO(content))
    if not set(COLUMNS[:2]) <= set(rows.fieldnames or ()):
        raise ValueSetLoadError(f"{path.name} needs the columns system, code and display in its first line")
    members = [Member(_token(row["system"]), row["code"].strip(), (row.get("display") or "").strip()) for row in rows]
    name = plain_name(path.stem)
    return _Stated(name, path.stem, "", "", _distinct(members, name))


def _from_fhir(resource: Any, where: str) -> list[_Stated]:
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if kind == "Bundle":
        parts = [entry.get("resource") or {} for entry in resource.get("entry") or []]
        found = [_value_set(part) for part in parts if part.get("resourceType") == "ValueSet"]
        if not found:
            raise ValueSetLoadError(f"{where} is a Bundle without a ValueSet")
        return found
    if kind == "ValueSet":
        return [_value_set(resource)]
    raise ValueSetLoadError(f"{where} is a {kind or 'file of another kind'}, not a ValueSet; give a FHIR ValueSet")


def _value_set(resource: dict[str, Any]) -> _Stated:
    url = str(resource.get("url") or "")
    stated = plain_name(str(resource.get("name") or resource.get("id") or url.rsplit("/", 1)[-1]))
    name = published_name(content_root(), url) or stated  # as the measures call it, so that the shared steps find it
    if not name:
        raise ValueSetLoadError("a ValueSet has neither name, id nor url; give it a name that rules can use")
    contains = (resource.get("expansion") or {}).get("contains")
    members = _expanded(contains, name) if contains else _composed(resource.get("compose") or {}, name)
    title = str(resource.get("title") or resource.get("name") or name)
    return _Stated(name, title, url, str(resource.get("version") or ""), _distinct(members, name))


def _expanded(contains: list[dict[str, Any]], name: str) -> list[Member]:
    members = []
    for one in contains:
        if one.get("code") and not one.get("abstract"):
            if not one.get("system"):
                raise ValueSetLoadError(f"{name}: a code of the expansion has no system; without it nothing can match")
            members.append(Member(_token(one["system"]), one["code"], str(one.get("display") or "")))
        members.extend(_expanded(one.get("contains") or [], name))
    return members


def _composed(compose: dict[str, Any], name: str) -> list[Member]:
    members: list[Member] = []
    for part in compose.get("include") or []:
        _refuse_what_needs_a_server(part, name)
        members.extend(_listed(part))
        members.extend(_of_other_sets(part.get("valueSet") or [], name) if not part.get("concept") else [])
    excluded: set[tuple[str, str]] = set()
    for part in compose.get("exclude") or []:
        _refuse_what_needs_a_server(part, name)
        others = _of_other_sets(part.get("valueSet") or [], name)
        excluded.update((member.system, member.code) for member in (*_listed(part), *others))
    return [member for member in members if (member.system, member.code) not in excluded]


def _refuse_what_needs_a_server(part: dict[str, Any], name: str) -> None:
    for test in part.get("filter") or []:
        said = f"{test.get('property')} {test.get('op')} {test.get('value')}"
        raise ValueSetLoadError(
            f"{name}: the filter '{said}' needs a terminology server; load this value set with its expansion"
        )
    if part.get("concept") and part.get("valueSet"):
        raise ValueSetLoadError(f"{name}: lists codes and other value sets together; load it with its expansion")
    if not part.get("concept") and not part.get("valueSet"):
        raise ValueSetLoadError(
            f"{name}: takes in the whole of {part.get('system')}, which nobody shipped; load it with its expansion"
        )


def _listed(part: dict[str, Any]) -> list[Member]:
    listed = part.get("concept") or []
    return [Member(_token(part["system"]), one["code"], str(one.get("display") or "")) for one in listed]


def _of_other_sets(urls: list[str], name: str) -> list[Member]:
    """The codes in every one of the named sets (FHIR: several sets in one include are intersected)."""
    common: dict[tuple[str, str], Member] | None = None
    for url in urls:
        other = ValueSet.objects.filter(url=url.split("|")[0]).first()
        if other is None:
            raise ValueSetLoadError(f"{name}: takes in the value set {url}, which is not loaded; load that one first")
        codes = ValueSetMember.objects.filter(value_set=other).values_list("system", "code", "display")
        found = {(system, code): Member(system, code, display) for system, code, display in codes}
        common = found if common is None else {pair: member for pair, member in common.items() if pair in found}
    return list((common or {}).values())


def _token(system: str) -> str:
    written = system.strip()
    return token_of(written) if ":" in written or "." in written else written


def plain_name(name: str) -> str:
    """A name as rules write it: lower case letters, digits and underscores."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return _NAME.sub("_", spaced.lower()).strip("_")


def _distinct(members: Iterable[Member], name: str) -> tuple[Member, ...]:
    found = {(member.system, member.code): member for member in members if member.code}
    if not found:
        raise ValueSetLoadError(f"{name} has no codes; a rule joining it would never find anything")
    return tuple(found[pair] for pair in sorted(found))


def _digest(members: Iterable[Member]) -> str:
    codes = "\n".join(sorted(f"{member.system}|{member.code}" for member in members))
    return hashlib.sha256(codes.encode()).hexdigest()


def _keep_first(shipped: list[_Stated]) -> list[Loaded]:
    """Stores all that ships into a record that has no value set yet: one write a table."""
    with transaction.atomic():
        ValueSet.objects.bulk_create(
            ValueSet(
                name=one.name, title=one.title[:300], url="", version=one.version, origin="SHIPPED",
                digest=_digest(one.members),
            )
            for one in shipped
        )  # fmt: skip
        rows = [(one.name, each.system, each.code, each.display) for one in shipped for each in one.members]
        insert_rows(ValueSetMember._meta.db_table, ["value_set_id", "system", "code", "display"], rows)
        _derive(list(ConceptCoding.objects.values_list("concept_id", "system", "code")))
    return [Loaded(one.name, "NEW", len(one.members)) for one in shipped]


def _keep(stated: _Stated, origin: str) -> Loaded:
    """Stores one value set and what follows from it; the same codes again change nothing."""
    digest = _digest(stated.members)
    with transaction.atomic():
        before = ValueSet.objects.filter(name=stated.name).values_list("digest", "origin").first()
        ValueSet.objects.update_or_create(
            name=stated.name,
            defaults={
                "title": stated.title[:300],
                "url": stated.url,
                "version": stated.version[:80],
                "origin": origin,
                "digest": digest,
            },
        )
        if before is not None and before[0] == digest:
            return Loaded(stated.name, "SAME", len(stated.members))
        ValueSetMember.objects.filter(value_set_id=stated.name).delete()
        ValueSetCode.objects.filter(value_set=stated.name).delete()
        ValueSetMember.objects.bulk_create(
            [ValueSetMember(value_set_id=stated.name, **vars(member)) for member in stated.members], batch_size=5000
        )
        _derive_set(stated)
    return Loaded(stated.name, "NEW" if before is None else "CHANGED", len(stated.members))


def _derive_set(stated: _Stated) -> None:
    pairs = {(member.system, member.code) for member in stated.members}
    codes = sorted({code for _, code in pairs})
    concepts: set[int] = set()
    for start in range(0, len(codes), CHUNK):
        codings = ConceptCoding.objects.filter(code__in=codes[start : start + CHUNK])
        for concept_id, system, code in codings.values_list("concept_id", "system", "code"):
            if (system, code) in pairs:
                concepts.add(concept_id)
    rows = [ValueSetCode(value_set=stated.name, code=concept) for concept in sorted(concepts)]
    ValueSetCode.objects.bulk_create(rows, batch_size=5000)


def _derive(codings: list[tuple[int, str, str]]) -> None:
    codes = sorted({code for _, _, code in codings})
    sets: dict[tuple[str, str], list[str]] = {}
    for start in range(0, len(codes), CHUNK):
        members = ValueSetMember.objects.filter(code__in=codes[start : start + CHUNK])
        for name, system, code in members.values_list("value_set_id", "system", "code"):
            sets.setdefault((system, code), []).append(name)
    pairs = sorted({(name, concept) for concept, system, code in codings for name in sets.get((system, code), ())})
    rows = [ValueSetCode(value_set=name, code=concept) for name, concept in pairs]
    ValueSetCode.objects.bulk_create(rows, batch_size=5000, ignore_conflicts=True)

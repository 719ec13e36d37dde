"""Stores the knowledge relations as tables that rules join, and keeps those about coded meanings complete.

``load_knowledge`` is idempotent: a relation whose files have not changed is left alone. ``extend`` is called
whenever new coded meanings arrive, so a medicine never seen before is placed before any rule asks about it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.db import transaction

from beforehand.clinical.knowledge import RELATIONS, ConceptCodings, Row, digest, rows
from beforehand.record.models import Concept, ConceptCoding
from beforehand.record.models.knowledge import KNOWLEDGE_MODELS, KnowledgeLoad
from beforehand.record.store.rows import insert_rows

CHUNK = 900  # rows asked for at once; SQLite takes 999 values in a statement on old builds


def load_knowledge() -> list[str]:
    """Stores every relation whose files changed since it was last stored; the names of those."""
    stored = dict(KnowledgeLoad.objects.values_list("relation", "digest"))
    changed = [name for name in RELATIONS if stored.get(name) != digest(name)]
    for name in changed:
        _store(name)
    return changed


def extend(concept_ids: Collection[int]) -> None:
    """Adds the rows that new coded meanings have in the relations built by concept."""
    concepts = list(concept_codings(concept_ids))
    for name, relation in RELATIONS.items():
        if relation.by_concept:
            model = KNOWLEDGE_MODELS[name]
            known: set[int] = set()
            for chunk in _chunks(sorted(concept_ids)):
                known.update(model._default_manager.filter(code__in=chunk).values_list("code", flat=True))
            fresh = [concept for concept in concepts if concept.id not in known]
            _insert(name, rows(name, fresh))


def concept_codings(concept_ids: Collection[int] | None = None) -> Iterator[ConceptCodings]:
    """The given coded meanings (all of them when none are named) with their codings."""
    for chunk in _chunks(sorted(concept_ids)) if concept_ids is not None else [None]:
        concepts = Concept.objects.order_by("id")
        codings = ConceptCoding.objects.order_by("concept_id", "id")
        if chunk is not None:
            concepts, codings = concepts.filter(id__in=chunk), codings.filter(concept_id__in=chunk)
        of: dict[int, list[tuple[str, str, str]]] = {}
        for concept_id, system, code, display in codings.values_list("concept_id", "system", "code", "display"):
            of.setdefault(concept_id, []).append((system, code, display))
        for number, display in concepts.values_list("id", "display"):
            yield ConceptCodings(number, tuple(of.get(number, ())), display)


def _store(name: str) -> None:
    built = rows(name, concept_codings() if RELATIONS[name].by_concept else ())
    with transaction.atomic():
        KNOWLEDGE_MODELS[name]._default_manager.all().delete()
        _insert(name, built)
        KnowledgeLoad.objects.update_or_create(relation=name, defaults={"digest": digest(name), "rows": len(built)})


def _insert(name: str, built: list[Row]) -> None:
    columns = [stored.name for stored in RELATIONS[name].columns]
    insert_rows(KNOWLEDGE_MODELS[name]._meta.db_table, columns, built)


def _chunks(ids: list[int]) -> list[list[int]]:
    return [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]

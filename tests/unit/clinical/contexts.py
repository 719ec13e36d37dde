"""A mapping context for tests: identities and concepts are numbered in the order they are met."""

from __future__ import annotations

from typing import Any

from beforehand.clinical.codes import token_of
from beforehand.clinical.fhir import Mapped, map_resource, value_columns


class NumberingContext:
    """Numbers references and concepts, and can say afterwards what a number stands for."""

    def __init__(self) -> None:
        self.own_id = 1
        self.zone = "America/New_York"
        self.references: dict[str, int] = {}
        self.concepts: dict[str, int] = {}

    def ref(self, reference: Any) -> int | None:
        address = reference if isinstance(reference, str) else (reference or {}).get("reference")
        if not address or address.startswith("#"):
            return None
        return self.references.setdefault(address, 7_000_000_001 + len(self.references))

    def concept(self, codeable: Any) -> int | None:
        if not codeable:
            return None
        coding = (codeable.get("coding") or [None])[0]
        system = token_of(coding.get("system", "")) if coding else ""
        name = f"{system}:{coding.get('code')}" if coding else f"text:{codeable.get('text')}"
        return self.concepts.setdefault(name, 9_000_000_001 + len(self.concepts))

    def named(self, number: int | None) -> str | None:
        """What a number stands for."""
        for names in (self.references, self.concepts):
            for name, known in names.items():
                if known == number:
                    return name
        return None


def mapped(resource: dict[str, Any]) -> tuple[Mapped, NumberingContext]:
    """The resource as mapped, with the context that numbered it."""
    context = NumberingContext()
    return map_resource(resource, context), context


def row_of(resource: dict[str, Any], index: int = 0) -> dict[str, Any]:
    """One mapped row by column name, with references and concepts as what they stand for."""
    result, context = mapped(resource)
    table, _, values = result.rows[index]
    columns = value_columns(table)
    assert len(columns) == len(values), f"{table}: {len(columns)} columns, {len(values)} values"
    return {
        name: context.named(value) if isinstance(value, int) and context.named(value) else value
        for name, value in zip(columns, values, strict=True)
    }

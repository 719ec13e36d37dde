"""Writes docs/reference/roles.md from the tables of ``record.roles``: ``python -m tests.docs.roles_page``."""

from pathlib import Path

from beforehand.record.roles import (
    LABELS,
    ROLE_CAPABILITIES,
    ROLE_LABELS,
    SYSTEM_CAPABILITIES,
    Capability,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "roles.md"


def _name(role: str) -> str:
    return role.replace("_", " ").capitalize()


def _table(first: str, heads: list[str], rows: list[tuple[str, list[bool]]]) -> str:
    lines = [f"| {first} | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    lines += [f"| {name} | " + " | ".join("yes" if cell else "" for cell in cells) + " |" for name, cells in rows]
    return "\n".join(lines)


def page() -> str:
    """The whole page."""
    roles = list(ROLE_CAPABILITIES)
    may = [(f"`{one.name}`: {one.value}", [one in ROLE_CAPABILITIES[role] for role in roles]) for one in Capability]
    sees = [(f"`{label}`: {words}", [label in ROLE_LABELS[role] for role in roles]) for label, words in LABELS.items()]
    systems = list(SYSTEM_CAPABILITIES)
    does = [(f"`{one.name}`", [one in SYSTEM_CAPABILITIES[name] for name in systems]) for one in Capability]
    return f"""# Roles

Written from `src/beforehand/record/roles.py`; change it there, then run `python -m tests.docs.roles_page`.

A role says what somebody may do and which labels they see. *Whose* records they see is decided by their teams and by
break-glass alone ([access and audit](../explanation/access-and-audit.md)); no role widens it.

## What each role may do

{_table("", [_name(role) for role in roles], may)}

## Which sensitivity labels each role sees

A row with several labels is shown to those who see all of them. A label that is not in this table is shown to nobody.

{_table("", [_name(role) for role in roles], sees)}

## Parts of the system

They see every patient and every label, since facts are filed and rules run for everyone. Working for a person they
see and may do no more than that person. `operator` is whoever runs the command line of this home without `--as`.

{_table("", [f"`system:{name}`" for name in systems], does)}
"""


if __name__ == "__main__":
    PAGE.write_text(page())

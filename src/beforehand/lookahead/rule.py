"""A rule file: one SELECT under a YAML header. See docs/how-to/write-a-rule.md.

A *query* is what is run. It answers for one rule, or, when its header names a family, for one rule per
row of a table. A *rule* is what people read: the words, the authority, the review.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from beforehand.lookahead.errors import RuleError

KINDS = ("deadline", "gap", "conflict", "risk", "question")
STATUSES = ("DUE", "MET", "UNKNOWN", "EXCLUDED")
STEP_KINDS = [
    "call",
    "book",
    "ride",
    "refill",
    "result",
    "reconcile",
    "visit",
    "authorization",
    "bill",
    "referral",
    "plan",
    "decline",
    "other",
]
REQUIRED = [
    "title",
    "why",
    "kind",
    "question",
    "reason",
    "next_step",
    "authority",
    "author",
    "clinical_review",
    "needs",
]
OPTIONAL = ["met", "missing", "excluded", "unknown", "folds_into", "step_kind", "harm", "books", "family"]
OPTIONAL += ["whole", "notes", "tags"]
EXACT_DAY = "exact_day"  # the key of what is missing when the answer hangs on a day that is not known exactly
VAGUE_DAY = "The answer hangs on a day that the record gives only by its month or year. Ask for the exact day."
FORECAST_DAYS = 90  # recheck_on may lie at most this many days ahead

_HEADER = re.compile(r"\A\s*/\*\s*---\s*\n(.*?)\n\s*---\s*\*/", re.DOTALL)
_ID = re.compile(r"[a-z][a-z0-9_]*\Z")


class PlainLoader(yaml.SafeLoader):
    """YAML in which a date stays the text it is, so partial dates and offsets survive."""


PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Authority:
    """On whose word a rule stands, and from when until when."""

    name: str
    edition: str
    url: str
    valid_from: date | None
    valid_to: date | None

    def holds_on(self, as_of: date) -> bool:
        """Whether the edition is in force on that day."""
        after_start = self.valid_from is None or self.valid_from <= as_of
        return after_start and (self.valid_to is None or as_of <= self.valid_to)


@dataclass(frozen=True)
class Rule:
    """What a rule looks for, why, on whose authority, and the words it speaks in."""

    id: str
    topic: str
    title: str
    why: str
    kind: str
    question: str
    reason: str
    next_step: str
    missing: Mapping[str, str]  # why it cannot be told, by key
    excluded: Mapping[str, str]  # why it does not apply to the person, by key
    met: str  # the reason once it is MET; empty: `reason` says it then too
    authority: Authority
    author: str
    reviewed_by: str | None
    reviewed_on: date | None
    needs: tuple[str, ...]
    unknown: str  # "ask": UNKNOWN becomes a need; "show": it is shown on the person's page
    folds_into: str
    step_kind: str
    harm: int
    books: str
    sql: str = field(repr=False)
    query_id: str = ""
    family: str = ""  # path of the family's table, when it is a row of one
    row: Mapping[str, str | int | None] = field(default_factory=dict, repr=False)

    def why_not(self, key: str) -> str:
        """In words, why a row is UNKNOWN or EXCLUDED: what its column ``missing`` names."""
        return self.missing.get(key) or self.excluded.get(key, "")

    @property
    def is_reviewed(self) -> bool:
        """Whether a clinician has reviewed it; shown as "not yet clinically reviewed" otherwise."""
        return bool(self.reviewed_by)


@dataclass(frozen=True)
class Family:
    """The table of rows a family's query runs over."""

    path: str
    columns: tuple[str, ...]
    whole: frozenset[str]
    rows: tuple[tuple[str | int | None, ...], ...]

    def sets(self) -> frozenset[str]:
        """Value sets named in the columns whose name ends in ``_set``."""
        places = [place for place, column in enumerate(self.columns) if column.endswith("_set")]
        return frozenset(str(row[place]) for row in self.rows for place in places if row[place])


@dataclass(frozen=True, eq=False)
class Query:
    """One SELECT that is run, and the rule or rules it answers for."""

    id: str
    topic: str
    path: Path
    sql: str = field(repr=False)
    sql_line: int  # line of the file on which the SQL begins
    needs: tuple[str, ...]
    rules: Mapping[str, Rule]
    family: Family | None
    header: Mapping[str, Any] = field(repr=False)

    @property
    def text_digest(self) -> str:
        """Digest of the header, the SQL and the family's rows."""
        rows = "" if self.family is None else repr((self.family.columns, self.family.rows))
        return hashlib.sha256(f"{sorted(self.header.items())!r}\n{self.sql}\n{rows}".encode()).hexdigest()


def read_query(path: Path, root: Path) -> Query:
    """The query in a rule file; ``root`` is where ``knowledge/`` lies. Raises RuleError with the line."""
    if not _ID.match(path.stem):
        raise RuleError(path.name, 1, "name the file in lower case letters, digits and underscores")
    header, sql, sql_line = split_header(path)
    _check_header(header, path, path.read_text(encoding="utf-8"))
    needs = tuple(str(name) for name in header["needs"])
    family = read_family(root / str(header["family"]), header, path) if header.get("family") else None
    if family is None:
        rules = {path.stem: _rule(path.stem, path, header, sql, needs, {}, "")}
    else:
        rules = {}
        for values in family.rows:
            row = dict(zip(family.columns, values, strict=True))
            rule_id = str(row["rule_id"])
            rules[rule_id] = _rule(rule_id, path, _merged(header, row), sql, needs, row, str(header["family"]))
    return Query(path.stem, path.parent.name, path, sql, sql_line, needs, rules, family, header)


def split_header(path: Path) -> tuple[dict[str, Any], str, int]:
    """The header of a file of SQL, the SQL, and the line on which it begins."""
    text = path.read_text(encoding="utf-8")
    found = _HEADER.match(text)
    if not found:
        raise RuleError(path.name, 1, "begin with a header: /* --- on the first line, YAML, then --- */")
    header = _read_yaml(found.group(1), path, text[: found.start(1)].count("\n") + 1)
    rest = text[found.end() :]
    sql = rest.strip().rstrip(";").rstrip()
    sql_line = text[: found.end()].count("\n") + 1 + rest[: len(rest) - len(rest.lstrip())].count("\n")
    return header, sql, sql_line


def _read_yaml(source: str, path: Path, first_line: int) -> dict[str, Any]:
    try:
        header = yaml.load(source, PlainLoader)  # noqa: S506  PlainLoader is a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = first_line + (mark.line if mark else 0)
        raise RuleError(path.name, line, f"the header is not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(header, dict):
        raise RuleError(path.name, first_line, "the header is a list of 'key: value' lines")
    return header


def _line_of(text: str, key: str) -> int:
    """The line on which a header key stands, for messages."""
    found = re.search(rf"^{re.escape(key)}\s*:", text, re.MULTILINE)
    return text[: found.start()].count("\n") + 1 if found else 1


def _check_header(header: Mapping[str, Any], path: Path, text: str) -> None:
    def refuse(key: str, what: str) -> None:
        raise RuleError(path.name, _line_of(text, key), what)

    absent = [key for key in REQUIRED if key not in header]
    if absent:
        refuse("title", f"the header lacks {', '.join(absent)}")
    for key in header:
        if key not in (*REQUIRED, *OPTIONAL):
            refuse(str(key), f"the header has no key {key}; known keys are {', '.join((*REQUIRED, *OPTIONAL))}")
    if header["kind"] not in KINDS:
        refuse("kind", f"kind is one of {', '.join(KINDS)}")
    if header.get("step_kind", "other") not in STEP_KINDS:
        refuse("step_kind", f"step_kind is one of {', '.join(STEP_KINDS)}")
    if header.get("unknown", "show") not in ("ask", "show"):
        refuse("unknown", "unknown is ask (becomes a need) or show")
    if header.get("harm", 3) not in (1, 2, 3, 4, 5):
        refuse("harm", "harm is a whole number from 1 to 5")
    if not isinstance(header["needs"], list) or not header["needs"]:
        refuse("needs", "needs is a list of the tables and views the rule reads: [encounter, calendar]")
    if not isinstance(header.get("missing") or {}, dict):
        refuse("missing", "missing maps a key to plain words for the evidence that is lacking")
    if not isinstance(header.get("excluded") or {}, dict):
        refuse("excluded", "excluded maps a key to plain words for why the rule does not apply")
    if both := set(header.get("missing") or {}) & set(header.get("excluded") or {}):
        refuse("excluded", f"{', '.join(sorted(both))} is a key of missing: too; a key means one thing")
    authority = header["authority"]
    if not isinstance(authority, dict) or not authority.get("name"):
        refuse("authority", "authority is {name: ..., edition: ..., url: ..., valid_from: YYYY-MM-DD}")
    for key in ("valid_from", "valid_to"):
        if authority.get(key) and _as_date(authority[key]) is None:
            refuse("authority", f"authority.{key} is a date YYYY-MM-DD")
    if not isinstance(header["clinical_review"], dict):
        refuse("clinical_review", "clinical_review is {by: null, on: null} until a clinician has reviewed it")


def _as_date(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def read_family(path: Path, header: Mapping[str, Any], rule_path: Path) -> Family:
    """The rows of a family's CSV. Columns listed in the header's ``whole:`` hold whole numbers; empty is NULL."""
    if not path.is_file():
        raise RuleError(rule_path.name, 1, f"the family {header['family']} does not exist")
    whole = frozenset(str(name) for name in header.get("whole") or ())
    lines = path.read_text(encoding="utf-8").splitlines()
    start = next((number for number, line in enumerate(lines) if not line.startswith("#")), 0)
    reader = csv.reader(lines[start:])
    columns = tuple(next(reader, []))
    if "rule_id" not in columns:
        raise RuleError(path.name, start + 1, "a family has a column rule_id")
    if unknown := whole - set(columns):
        raise RuleError(rule_path.name, 1, f"whole: names {', '.join(sorted(unknown))}, not columns of {path.name}")
    rows: list[tuple[str | int | None, ...]] = []
    seen: set[str] = set()
    for values in reader:
        line = start + reader.line_num
        if not any(values):
            continue
        if len(values) != len(columns):
            raise RuleError(path.name, line, f"has {len(values)} values for {len(columns)} columns")
        row = tuple(_cell(path, line, name, value, name in whole) for name, value in zip(columns, values, strict=True))
        rule_id = str(row[columns.index("rule_id")] or "")
        if not _ID.match(rule_id) or rule_id in seen:
            raise RuleError(path.name, line, f"rule_id {rule_id!r} is used twice or is not lower case with underscores")
        seen.add(rule_id)
        rows.append(row)
    return Family(str(header["family"]), columns, whole, tuple(rows))


def _cell(path: Path, line: int, name: str, value: str, is_whole: bool) -> str | int | None:
    value = value.strip()
    if not value:
        return None
    if not is_whole:
        return value
    try:
        return int(value)
    except ValueError:
        raise RuleError(path.name, line, f"column {name} holds whole numbers") from None


def _merged(header: Mapping[str, Any], row: Mapping[str, str | int | None]) -> dict[str, Any]:
    """The header as one row of the family overrides it: title, why, ..., authority_name, reviewed_by."""
    merged = dict(header)
    for key in [
        "title",
        "why",
        "kind",
        "question",
        "reason",
        "met",
        "next_step",
        "author",
        "unknown",
        "folds_into",
        "step_kind",
        "harm",
        "books",
    ]:
        if row.get(key) is not None:
            merged[key] = row[key]
    authority = dict(header["authority"])
    for key in ["name", "edition", "url"]:
        if row.get(f"authority_{key}") is not None:
            authority[key] = row[f"authority_{key}"]
    for key in ["valid_from", "valid_to"]:
        if row.get(key) is not None:
            authority[key] = row[key]
    merged["authority"] = authority
    if row.get("reviewed_by") is not None:
        merged["clinical_review"] = {"by": row["reviewed_by"], "on": row.get("reviewed_on")}
    return merged


def _rule(
    rule_id: str,
    path: Path,
    header: Mapping[str, Any],
    sql: str,
    needs: tuple[str, ...],
    row: Mapping[str, str | int | None],
    family: str,
) -> Rule:
    authority = header["authority"]
    review = header["clinical_review"]
    return Rule(
        id=rule_id,
        topic=path.parent.name,
        title=str(header["title"]),
        why=str(header["why"]),
        kind=str(header["kind"]),
        question=str(header["question"]),
        reason=str(header["reason"]),
        next_step=str(header["next_step"]),
        missing={
            EXACT_DAY: VAGUE_DAY,
            **{str(key): str(words) for key, words in (header.get("missing") or {}).items()},
        },
        excluded={str(key): str(words) for key, words in (header.get("excluded") or {}).items()},
        met=str(header.get("met") or ""),
        authority=Authority(
            str(authority["name"]),
            str(authority.get("edition") or ""),
            str(authority.get("url") or ""),
            _as_date(authority.get("valid_from")),
            _as_date(authority.get("valid_to")),
        ),
        author=str(header["author"]),
        reviewed_by=str(review["by"]) if review.get("by") else None,
        reviewed_on=_as_date(review.get("on")),
        needs=needs,
        unknown=str(header.get("unknown") or "show"),
        folds_into=str(header.get("folds_into") or ""),
        step_kind=str(header.get("step_kind") or "other"),
        harm=int(header.get("harm") or 3),
        books=str(header.get("books") or ""),
        sql=sql,
        query_id=path.stem,
        family=family,
        row=row,
    )

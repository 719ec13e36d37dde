"""From a rule's text to a statement: each bare name becomes a CTE restricted to this run's patients.

The rule's own text is not rewritten. In front of it come the relations it names; behind it, its answer is
joined to its evidence, so that one statement brings both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from beforehand.lookahead.engines.folding import folded
from beforehand.lookahead.engines.possible import supposed
from beforehand.lookahead.engines.relations import PATIENT_COLUMNS, Relation, Sort, relations, views_below
from beforehand.lookahead.engines.shape import Shape, shape_of
from beforehand.lookahead.rule import Family, Query

ANSWER = "answer_of_rule"  # the name our statement gives the rule's last SELECT
EVIDENCE = "evidence"
# Columns a fact relation always offers, whether the rule names them or not.
ALWAYS = ("id", "patient_id", "same_as")
TURNS = 128  # more than the suppositions about one person can be
SPREAD_OUT = f"s_patient * {TURNS} + s_turn as patient_id"


@dataclass(frozen=True)
class Places:
    """How one engine writes what differs: parameters, whose patients, and where relations are stored."""

    as_of_day: str
    as_of_at: str
    whose: str  # condition on {column}, such as "{column} = :pid"; empty for everyone
    patient: str = "patient"
    stored: Mapping[str, str] = field(default_factory=dict)  # exceptions to fact_<name> and k_<name>
    period_from: str = ""  # first day of a measure's period, which ends on as_of_day; rules have none
    inline: str = "not materialized "  # the hint that a CTE is read where it is used; Spark knows none and needs none
    has_views: bool = False  # the clinical views are stored already, for this day and these patients

    kept: frozenset[str] = frozenset()  # or these of them are

    folds_day: bool = False  # whether the day is written into the text, instead of a join with as_of

    by_index: bool = False  # whether SQLite is told to find a patient's facts by the index that begins with the patient

    supposition: str = ""  # SQL for the supposition about days that are not known exactly: see possible.py

    spread: str = ""  # a table of persons, turns and suppositions: each makes a person, numbered person * TURNS + turn

    def fact(self, name: str) -> str:
        return self.stored.get(name, f"fact_{name}")

    def knowledge(self, name: str) -> str:
        return self.stored.get(name, f"k_{name}")

    def only(self, column: str) -> str:
        return f" where {self.whose.format(column=column)}" if self.whose else ""


def texts(shape: Shape, places: Places) -> tuple[str, str, str]:
    """The whole text of a rule or view, its steps and its last SELECT."""
    if places.folds_day:
        return folded(shape, places.as_of_day, places.as_of_at)
    return shape.text, shape.step_text, shape.last_text


def bind(query: Query, shape: Shape, places: Places) -> str:
    """The statement that answers the rule: its result columns, then fact_table, fact_id and role."""
    keys = ["patient_id", "subject", *(["rule_id"] if query.family else [])]
    matches = " and ".join(f"e.{key} = f.{key}" for key in keys)
    returned = ", ".join(f"f.{column}" for column in shape.columns)
    _, steps, last = texts(shape, places)
    return (
        f"with {_front(query.family, shape, places)}{steps.strip()},\n{ANSWER} as (\n{last}\n)\n"
        f"select {returned}, e.fact_table, e.fact_id, e.role\nfrom {ANSWER} f\nleft join {EVIDENCE} e on {matches}"
    )


def bind_with(query: Query, shape: Shape, places: Places, more: Mapping[str, str], last: str) -> str:
    """The steps of a rule, more SELECTs behind them, and the last SELECT of the caller; {answer} is the answer."""
    _, before, own = texts(shape, places)
    steps = f"{before.strip()},\n{ANSWER} as (\n{own}\n)"
    behind = "".join(f",\n{name} as (\n{text}\n)" for name, text in more.items())
    return f"with {_front(query.family, shape, places)}{steps}{behind}\n{last.format(answer=ANSWER)}"


def bind_step(query: Query, shape: Shape, places: Places, step: str) -> str:
    """The statement that shows one named CTE of the rule, for its cases."""
    return f"with {_front(query.family, shape, places)}{shape.step_text.strip()}\nselect * from {step}"


def bind_plain(text: str, places: Places, family: Family | None = None) -> str:
    """Any SELECT over the rule language, with its names bound; for views and tests."""
    return bind_shape(shape_of(text), places, family)


def bind_shape(shape: Shape, places: Places, family: Family | None = None) -> str:
    """The same of a SELECT that is parsed already."""
    front = _front(family, shape, places)
    steps = shape.step_text.strip()
    begin = f"{front}{steps}" if steps else front.rstrip().rstrip(",")
    return f"with {begin}\n{shape.last_text}" if begin else shape.last_text


def _front(family: Family | None, shape: Shape, places: Places) -> str:
    """The CTEs that bind the names the rule and its views use, ending in a comma."""
    known = relations()
    used_views = () if places.has_views else views_below(shape.tables, places.kept)
    shapes = [shape, *(s for name in used_views if (s := known[name].shape) is not None)]
    names = frozenset().union(*(one.tables for one in shapes))
    words = frozenset().union(*(one.words for one in shapes))
    parts = []
    for name in sorted(names):
        if name == "family" and family is not None:
            parts.append(_family(family, words))
        elif name in known and (bound := _bound(known[name], words, places)):
            parts.append(bound)
    for name in used_views:
        view = known[name].shape
        assert view is not None
        parts.append(f"{name} as {places.inline}(\n{_without_comments(texts(view, places)[0])}\n)")
    return "".join(f"{part},\n" for part in parts)


def patient_index(name: str) -> str:
    """The name of the index of a fact table that begins with the patient; Django allows names of 30 letters."""
    return f"by_{name}"[:30]


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()


def _bound(relation: Relation, words: frozenset[str], places: Places) -> str:
    name = relation.name
    if relation.sort is Sort.AS_OF:
        day, at = places.as_of_day, places.as_of_at
        moment = f"cast({day} as bigint) as day, cast({at} as bigint) as at, cast('Z' as varchar(3)) as zone"
        return f"as_of as (select {moment})"
    if relation.sort is Sort.PERIOD:
        ends = f"cast({places.period_from} as bigint) as from_day, cast({places.as_of_day} as bigint) as to_day"
        return f"period as (select {ends})"
    if relation.sort is Sort.PATIENT:
        if places.spread:
            columns = ", ".join(column for column in PATIENT_COLUMNS if column != "patient_id")
            joined = f"{places.patient} join {places.spread} on s_patient = id"
            return f"patient as {places.inline}(select {SPREAD_OUT}, {columns} from {joined})"  # noqa: S608
        columns = ", ".join(column for column in PATIENT_COLUMNS if column != "patient_id")
        return (
            f"patient as {places.inline}(select id as patient_id, {columns} from {places.patient}{places.only('id')})"  # noqa: S608
        )
    if relation.sort in (Sort.FACT, Sort.REFERENCE):
        named = [c for c in relation.columns if c in words or c in ALWAYS]
        if places.supposition and relation.sort is Sort.FACT:
            named = [supposed(name, column, places.as_of_day, places.supposition) for column in named]
        if places.spread and relation.sort is Sort.FACT:
            columns = ", ".join(SPREAD_OUT if column == "patient_id" else column for column in named)
            joined = f"{places.fact(name)} join {places.spread} on s_patient = patient_id"
            return f"{name} as {places.inline}(select {columns} from {joined})"  # noqa: S608
        columns = ", ".join(named)
        only = places.only("patient_id") if relation.sort is Sort.FACT else ""
        if only and places.by_index:  # a GROUP BY of ids would make it walk the whole house in the order of ids
            only = f" indexed by {patient_index(name)}{only}"
        return f"{name} as {places.inline}(select {columns} from {places.fact(name)}{only})"  # noqa: S608
    if relation.sort is Sort.KNOWLEDGE:
        return f"{name} as {places.inline}(select {', '.join(relation.columns)} from {places.knowledge(name)})"  # noqa: S608
    if relation.sort is Sort.SHARED and name in places.stored:
        return f"{name} as {places.inline}(select {', '.join(relation.columns)} from {places.stored[name]})"  # noqa: S608
    return ""  # a shared relation is stored under its own name


def _family(family: Family, words: frozenset[str]) -> str:
    """The family's rows as a relation, with the columns its query names."""
    kept = [place for place, column in enumerate(family.columns) if column.lower() in words or column == "rule_id"]
    names = ", ".join(family.columns[place] for place in kept)
    rows = []
    for number, row in enumerate(family.rows):
        cells = [_literal(row[place]) for place in kept]
        if number == 0:  # the first row types the columns, also where it is empty
            kinds = ["bigint" if family.columns[place] in family.whole else "varchar(400)" for place in kept]
            cells = [f"cast({cell} as {kind})" for cell, kind in zip(cells, kinds, strict=True)]
        rows.append(f"({', '.join(cells)})")
    return f"family({names}) as (values {', '.join(rows)})"


def _literal(value: str | int | None) -> str:
    if value is None:
        return "null"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"

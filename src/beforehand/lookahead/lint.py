"""Checks before a rule runs; each says what is wrong, on which line, and what to write instead.

What is refused either gives different rows on SQLite, PostgreSQL, DuckDB and Spark, or lets one patient's rows
touch another's, or breaks the contract of the answer. Good and bad examples of each: tests/unit/lookahead/test_lint.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass

from sqlglot import exp

from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.answers import BLOCKS, EVIDENCE_COLUMNS, columns_wanted
from beforehand.lookahead.engines.relations import Relation, Sort, stored_below
from beforehand.lookahead.engines.shape import Shape, line_of, returned
from beforehand.lookahead.lineage import Lineage
from beforehand.lookahead.lint_patients import patient_faults
from beforehand.lookahead.lint_portable import Fault, portable_faults
from beforehand.lookahead.rule import STATUSES, Query

FREE = {"as_of", "family", "value_set_code", "source"}  # relations that needs: may leave out


@dataclass(frozen=True)
class Setting:
    """What the checks look at."""

    query: Query
    shape: Shape
    known: Mapping[str, Relation]
    sets: Set[str]
    lineage: Lineage


def lint(query: Query, shape: Shape, known: Mapping[str, Relation], sets: Set[str]) -> list[Fault]:
    """Everything wrong with a rule, in the order of its lines."""
    unknown = list(_unknown_tables(query, shape, known))
    if unknown:
        return unknown  # the other checks need to know the columns
    setting = Setting(query, shape, known, sets, Lineage(shape, known, query.family))
    found = list(portable_faults(shape, setting.lineage))
    if stars := [fault for fault in found if fault.check == "star"]:
        return stars  # the columns behind a star are not known to the other checks
    found += [fault for check in _CHECKS for fault in check(setting)]
    found += patient_faults(shape, setting.lineage)
    return sorted(set(found), key=lambda fault: (fault.line, fault.check, fault.what))


def _unknown_tables(query: Query, shape: Shape, known: Mapping[str, Relation]) -> Iterator[Fault]:
    for table in shape.tree.find_all(exp.Table):
        name = table.name
        if name in shape.steps or (name == "family" and query.family is not None):
            continue
        if name not in known or known[name].sort is Sort.PERIOD:  # a period is of measures only
            yield Fault("known tables", line_of(table), f"there is no relation {name}")
        elif "period" in stored_below(frozenset({name})):
            yield Fault("known tables", line_of(table), f"{name} asks for the period of a measure, and a rule has none")
    for name in query.needs:
        if name not in known and name not in FREE:
            yield Fault("declared tables", 1, f"needs: names {name}, which is no relation")


def _declared_tables(s: Setting) -> Iterator[Fault]:
    for table in s.shape.tree.find_all(exp.Table):
        name = table.name
        if name not in s.shape.steps and name not in FREE and name not in s.query.needs:
            yield Fault("declared tables", line_of(table), f"{name} is not declared: add it to needs:")


def _known_columns(s: Setting) -> Iterator[Fault]:
    for column in s.shape.tree.find_all(exp.Column):
        source = s.lineage.source_of(column)
        if source is not None and column.name not in source.columns and not isinstance(column.this, exp.Star):
            yield Fault("known columns", line_of(column), f"{source.name or source.alias} has no column {column.name}")


def _result_columns(s: Setting) -> Iterator[Fault]:
    wanted = columns_wanted(s.query)
    given = s.shape.columns
    line = line_of(_last(s.shape))
    absent = [column for column in wanted if column not in given]
    extra = [column for column in given if column not in (*wanted, BLOCKS) and not column.startswith("say_")]
    if absent:
        yield Fault("result columns", line, f"the last SELECT lacks {', '.join(absent)}")
    if extra:
        yield Fault(
            "result columns",
            line,
            f"the last SELECT has {', '.join(extra)}; beyond the fixed ones only blocks and say_...",
        )
    if len(set(given)) != len(given):
        yield Fault("result columns", line, "the last SELECT returns two columns of one name")


def _last(shape: Shape) -> exp.Expr:
    """The rule's last SELECT, without its CTEs, for the line."""
    tree: exp.Expr = shape.tree
    while isinstance(tree, exp.SetOperation):
        tree = tree.this
    return tree.expressions[0] if tree.expressions else tree


def _statuses(s: Setting) -> Iterator[Fault]:
    if "status" not in s.shape.columns:
        return
    for origin in s.lineage.projected(s.shape.tree, "status"):
        line = line_of(_last(s.shape))
        if origin.sort != "literal":
            yield Fault("status", line, f"status is one of the literals {', '.join(STATUSES)}, not computed otherwise")
        elif origin.name not in STATUSES:
            yield Fault("status", line, f"status {origin.name} is not one of {', '.join(STATUSES)}")


def _missing(s: Setting) -> Iterator[Fault]:
    if "missing" not in s.shape.columns or s.query.family is not None:
        return
    rule = next(iter(s.query.rules.values()))
    keys = {*rule.missing, *rule.excluded}
    for origin in s.lineage.projected(s.shape.tree, "missing"):
        if origin.sort == "literal" and origin.name not in keys:
            yield Fault(
                "missing", line_of(_last(s.shape)), f"missing {origin.name} has no words in missing: or excluded:"
            )


def _evidence(s: Setting) -> Iterator[Fault]:
    step = s.lineage.steps.get("evidence")
    if step is None:
        yield Fault("evidence", 1, f"there is no CTE evidence({', '.join(EVIDENCE_COLUMNS)})")
        return
    wanted = {*EVIDENCE_COLUMNS, *(["rule_id"] if s.query.family else [])}
    given = set(returned(step))
    if given != wanted:
        yield Fault(
            "evidence", line_of(step), f"evidence returns {', '.join(sorted(wanted))}; not {', '.join(sorted(given))}"
        )
        return
    for origin in s.lineage.projected(step, "fact_table"):
        if origin.sort != "literal" or origin.name not in FACTS:
            yield Fault("evidence", line_of(step), "fact_table is a literal that names a fact table")


def _value_sets(s: Setting) -> Iterator[Fault]:
    for name, line in s.shape.value_sets():
        if name not in s.sets:
            yield Fault("value sets", line, f"there is no value set {name}; add valuesets/{name}.csv or load it")
    for name in sorted(s.query.family.sets() if s.query.family else ()):
        if name not in s.sets:
            yield Fault("value sets", 1, f"the family names the value set {name}, which does not exist")
    for table in s.shape.tree.find_all(exp.Table):
        if table.name == "value_set_code" and not _is_named(s, table):
            what = "compare value_set with the literal name of a set, or with a family's column ending in _set"
            yield Fault("value sets", line_of(table), what)


def _is_named(s: Setting, table: exp.Table) -> bool:
    """Whether the set that a use of value_set_code means can be told from the text, here or where it is handed on."""
    select = table.find_ancestor(exp.Select)
    if select is None:
        return False

    def means_it(value: exp.Expr) -> bool:
        if not isinstance(value, exp.Column) or value.name != "value_set":
            return False
        source = s.lineage.source_of(value)
        return source is not None and source.alias == table.alias_or_name

    if any(means_it(part.this if isinstance(part, exp.Alias) else part) for part in select.expressions):
        return True
    for test in select.find_all(exp.EQ, exp.In):
        sides = [test.this, *([test.expression] if isinstance(test, exp.EQ) else test.expressions)]
        if any(means_it(one) for one in sides):
            return all(_names_a_set(s, one) for one in sides if not means_it(one))
    return False


def _names_a_set(s: Setting, value: exp.Expr) -> bool:
    origins = list(s.lineage.origins(value))
    named = [
        one
        for one in origins
        if one.sort == "literal" or (one.name.startswith("family.") and one.name.endswith("_set"))
    ]
    return bool(origins) and len(named) == len(origins)


def _concepts(s: Setting) -> Iterator[Fault]:
    for test in s.shape.tree.find_all(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In):
        sides = [test.this, *(test.expressions if isinstance(test, exp.In) else [test.expression])]
        literal = any(isinstance(one, (exp.Literal, exp.Neg)) for one in sides)
        if literal and any(isinstance(one, exp.Column) and s.lineage.type_of(one) == "concept" for one in sides):
            yield Fault(
                "concepts", line_of(test), "a concept is never compared with a literal: join value_set_code by name"
            )


def _references(s: Setting) -> Iterator[Fault]:
    """A placeholder of the header's words that nothing fills."""
    says = {name.removeprefix("say_") for name in s.shape.columns if name.startswith("say_")}
    filled = says | {"patient", "opens_on", "due_on", "lapses_on", "recheck_on"}
    for rule in s.query.rules.values():
        words = " ".join(
            (rule.question, rule.reason, rule.met, rule.next_step, *rule.missing.values(), *rule.excluded.values())
        )
        for name in sorted(_placeholders(words) - filled):
            yield Fault("words", 1, f"{rule.id} says {{{name}}}, but there is no column say_{name}")


def _placeholders(words: str) -> set[str]:
    return {part.split("}")[0] for part in words.split("{")[1:] if "}" in part}


_CHECKS: tuple[Callable[[Setting], Iterator[Fault]], ...] = (
    _declared_tables,
    _known_columns,
    _result_columns,
    _statuses,
    _missing,
    _evidence,
    _value_sets,
    _concepts,
    _references,
)

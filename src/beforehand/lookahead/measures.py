"""Quality measures: SQL in the language of rules, over a period, that says who counts where.

A measure is ``rules/measures/<cms_id>_<words>.sql``: a YAML header and the CTEs ``initial_population``, ``denominator``
and whichever of the others it has. The last SELECT is ours: it joins the populations and applies what every proportion
measure has in common (an excluded patient is in no numerator, and so on). A measure is no rule: it finds nothing for
the worklist, and the nightly look-ahead does not run it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlglot import exp

from beforehand.clinical.content import content_root
from beforehand.clinical.valuesets import measure_sets
from beforehand.lookahead.engines.binding import Places, bind_shape
from beforehand.lookahead.engines.relations import relations, views_below
from beforehand.lookahead.engines.shape import Shape, ShapeError, line_of, returned, shape_of
from beforehand.lookahead.errors import RuleError
from beforehand.lookahead.lineage import Lineage
from beforehand.lookahead.lint_patients import patient_faults
from beforehand.lookahead.lint_portable import Fault, portable_faults
from beforehand.lookahead.rule import split_header

FOLDER = "measures"
BASES = ("boolean", "Encounter")  # what is counted: patients or visits
POPULATIONS = (
    "initial_population",
    "denominator",
    "denominator_exclusion",
    "denominator_exception",
    "numerator",
    "numerator_exclusion",
)
_HEADER = {"title", "measure", "authority", "author", "clinical_review", "needs", "notes"}
_FREE = {"as_of", "period", "value_set_code"}


@dataclass(frozen=True, eq=False)
class Measure:
    """One measure: what it is called, what it counts, and the SQL that says who is in which population."""

    id: str  # as CMS writes it: CMS122
    title: str
    basis: str
    rates: tuple[int, ...]
    path: Path
    needs: tuple[str, ...]
    header: Mapping[str, Any] = field(repr=False)
    shape: Shape = field(repr=False)
    sql_line: int = 1

    @property
    def populations(self) -> tuple[str, ...]:
        """The populations it states, in the usual order."""
        return tuple(name for name in POPULATIONS if name in self.shape.steps)

    @property
    def key(self) -> tuple[str, ...]:
        """What tells one counted thing from another."""
        return key_of(self.rates, self.basis)

    def statement(self, places: Places) -> str:
        """The statement that gives ``key`` and 1 or 0 for each population, a row for each member of the initial one."""
        return bind_shape(self.shape, places)

    def value_sets(self) -> frozenset[str]:
        """The value sets it names, itself or through clinical views."""
        known = relations()
        shapes = [self.shape, *(shape for name in views_below(self.shape.tables) if (shape := known[name].shape))]
        return frozenset(name for shape in shapes for name, _ in shape.value_sets())


def key_of(rates: tuple[int, ...], basis: str) -> tuple[str, ...]:
    """The columns that tell one counted thing from another."""
    many = ("rate",) if len(rates) > 1 else ()
    return ("patient_id", *many, *(("encounter_id",) if basis == "Encounter" else ()))


def last_select(steps: Iterable[str], key: tuple[str, ...]) -> str:
    """Who is in which population, after what holds for every proportion measure."""
    own = [name for name in POPULATIONS if name in steps]
    short = {name: f"p{number}" for number, name in enumerate(own)}

    def is_in(name: str, otherwise: str = "1 = 0") -> str:
        return f"{short[name]}.patient_id is not null" if name in short else otherwise

    counted = f"{is_in('denominator')} and not {is_in('denominator_exclusion')}"
    tests = {
        "denominator": is_in("denominator"),
        "denominator_exclusion": f"{is_in('denominator')} and {is_in('denominator_exclusion')}",
        "denominator_exception": f"{counted} and {is_in('denominator_exception')} and not {is_in('numerator')}",
        "numerator": f"{counted} and {is_in('numerator')}",
        "numerator_exclusion": f"{counted} and {is_in('numerator')} and {is_in('numerator_exclusion')}",
    }
    shown = [f"{short['initial_population']}.{column}" for column in key]
    shown.append("1 as initial_population")
    shown += [f"case when {tests[name]} then 1 else 0 end as {name}" for name in own[1:]]
    listed = ", ".join(key)
    first = short["initial_population"]
    parts = [f"select {', '.join(shown)}", f"from (select distinct {listed} from initial_population) {first}"]  # noqa: S608
    for name in own[1:]:
        on = " and ".join(f"{short[name]}.{column} = {first}.{column}" for column in key)
        parts.append(f"left join (select distinct {listed} from {name}) {short[name]} on {on}")  # noqa: S608  our own names
    return "\n".join(parts)


def read_measure(path: Path) -> Measure:
    """The measure in a file; RuleError with the line when it is malformed."""
    header, sql, sql_line = split_header(path)
    for key in header:
        if key not in _HEADER:
            raise RuleError(
                path.name, 1, f"the header of a measure has no key {key}; it has {', '.join(sorted(_HEADER))}"
            )
    if absent := sorted(_HEADER - {"notes"} - set(header)):
        raise RuleError(path.name, 1, f"the header lacks {', '.join(absent)}")
    stated = header["measure"]
    if not isinstance(stated, dict) or stated.get("basis") not in BASES or not stated.get("id"):
        raise RuleError(path.name, 1, "measure is {id: CMS122, basis: boolean or Encounter, rates: 1}")
    if not path.stem.startswith(f"{str(stated['id']).lower()}_"):
        raise RuleError(path.name, 1, f"name the file {str(stated['id']).lower()}_<words>.sql")
    rates = tuple(range(1, int(stated.get("rates", 1)) + 1))
    try:
        steps = tuple(cte.alias for cte in shape_of(f"{sql}\nselect 1 as one").tree.ctes)
        if absent := [name for name in POPULATIONS[:2] if name not in steps]:
            raise RuleError(path.name, sql_line, f"there is no CTE {', '.join(absent)}")
        shape = shape_of(f"{sql}\n{last_select(steps, key_of(rates, stated['basis']))}")
    except ShapeError as error:
        raise RuleError(path.name, sql_line + error.line - 1, error.what) from error
    needs = tuple(str(name) for name in header["needs"])
    return Measure(
        str(stated["id"]), str(header["title"]), stated["basis"], rates, path, needs, header, shape, sql_line
    )


def lint_measure(measure: Measure, sets: Set[str]) -> list[RuleError]:
    """What is wrong with a measure, in the order of its lines: the same language as rules, other result columns."""
    known, shape = relations(), measure.shape
    faults: list[Fault] = []
    for table in shape.tree.find_all(exp.Table):
        if table.name in shape.steps:
            continue
        if table.name not in known:
            faults.append(Fault("known tables", line_of(table), f"there is no relation {table.name}"))
        elif table.name not in _FREE and table.name not in measure.needs:
            faults.append(Fault("declared tables", line_of(table), f"{table.name} is not declared: add it to needs:"))
    if not faults:
        lineage = Lineage(shape, known)
        faults += portable_faults(shape, lineage)
        if not any(fault.check == "star" for fault in faults):
            faults += [*_columns(shape, lineage), *_keys(measure), *patient_faults(shape, lineage)]
        unknown = [(name, line) for name, line in shape.value_sets() if name not in sets]
        faults += [Fault("value sets", line, f"there is no value set {name}") for name, line in unknown]
    ordered = sorted(set(faults), key=lambda fault: (fault.line, fault.check, fault.what))
    return [RuleError(measure.path.name, measure.sql_line + fault.line - 1, fault.what) for fault in ordered]


def _columns(shape: Shape, lineage: Lineage) -> Iterable[Fault]:
    for column in shape.tree.find_all(exp.Column):
        source = lineage.source_of(column)
        if source is not None and column.name not in source.columns:
            yield Fault("known columns", line_of(column), f"{source.name or source.alias} has no column {column.name}")
    for test in shape.tree.find_all(exp.EQ, exp.NEQ, exp.In):
        sides = [test.this, *(test.expressions if isinstance(test, exp.In) else [test.expression])]
        literal = any(isinstance(one, (exp.Literal, exp.Neg)) for one in sides)
        if literal and any(isinstance(one, exp.Column) and lineage.type_of(one) == "concept" for one in sides):
            yield Fault("concepts", line_of(test), "a concept is never compared with a literal: join value_set_code")


def _keys(measure: Measure) -> Iterable[Fault]:
    steps = {cte.alias: cte.this for cte in measure.shape.tree.ctes}
    for name in measure.populations:
        lacking = [column for column in measure.key if column not in returned(steps[name])]
        if lacking:
            yield Fault("populations", line_of(steps[name]), f"{name} lacks {', '.join(lacking)}")


@lru_cache(maxsize=2)
def read_measures(root: Path | None = None) -> Mapping[str, Measure]:
    """Every sound measure under ``root/rules/measures`` by its CMS id; RuleError for the first that is not."""
    place = root or content_root()
    sets = frozenset(measure_sets(place))
    found: dict[str, Measure] = {}
    for path in sorted((place / "rules" / FOLDER).glob("*.sql")):
        measure = read_measure(path)
        if faults := lint_measure(measure, sets):
            raise faults[0]
        if measure.id in found:
            raise RuleError(path.name, 1, f"another file already holds {measure.id}")
        found[measure.id] = measure
    return found

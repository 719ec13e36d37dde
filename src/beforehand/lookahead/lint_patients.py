"""Checks that keep patients apart: a rule over everyone must say of each person what it says of that person alone."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from beforehand.lookahead.engines.shape import Shape, line_of, returned
from beforehand.lookahead.lineage import Lineage, Source, selects
from beforehand.lookahead.lint_portable import Fault

_AGGREGATES = (exp.Count, exp.Sum, exp.Min, exp.Max)


def patient_faults(shape: Shape, lineage: Lineage) -> Iterator[Fault]:
    """Every place where one patient's rows could touch another's."""
    for select in shape.tree.find_all(exp.Select):
        sources = [source for source in lineage.sources(select) if lineage.is_of_patients(source)]
        yield from _apart(select, sources)
        if sources:
            yield from _grouped(select)
            yield from _correlated(select)
        for window in _own(select, exp.Window):
            parts = [part.name for part in window.args.get("partition_by") or [] if isinstance(part, exp.Column)]
            if sources and "patient_id" not in parts:
                yield Fault("patients apart", line_of(window), "partition the window by patient_id")
    for name, step in lineage.steps.items():
        if lineage.reads_patients(step) and "patient_id" not in returned(step):
            yield Fault("patients apart", line_of(step), f"the CTE {name} drops patient_id: keep it in every step")


def _own(select: exp.Select, kind: type[exp.Expr]) -> Iterator[exp.Expr]:
    """Nodes of a kind that belong to this SELECT, not to one inside it."""
    for node in select.find_all(kind):
        if node.find_ancestor(exp.Select) is select:
            yield node


def _equalities(select: exp.Select) -> Iterator[tuple[str, str]]:
    """Pairs of aliases whose patient_id this SELECT equates."""
    for test in _own(select, exp.EQ):
        left, right = test.this, test.expression
        if isinstance(left, exp.Column) and isinstance(right, exp.Column) and left.name == right.name == "patient_id":
            yield left.table, right.table


def _apart(select: exp.Select, sources: list[Source]) -> Iterator[Fault]:
    """Sources of patients must hang together by patient_id."""
    if len(sources) < 2:
        return
    group = {source.alias: source.alias for source in sources}

    def leader(alias: str) -> str:
        while group[alias] != alias:
            alias = group[alias]
        return alias

    for left, right in _equalities(select):
        if left in group and right in group:
            group[leader(left)] = leader(right)
    for join in select.args.get("joins") or []:
        if any(one.name == "patient_id" for one in join.args.get("using") or []) and join.this.alias_or_name in group:
            group[leader(join.this.alias_or_name)] = leader(sources[0].alias)
    first = leader(sources[0].alias)
    for source in sources[1:]:
        if leader(source.alias) != first:
            table = next((t for t in select.find_all(exp.Table) if t.alias_or_name == source.alias), select)
            what = f"join {source.alias or source.name} on patient_id: rows of two patients must never meet"
            yield Fault("patients apart", line_of(table), what)


def _grouped(select: exp.Select) -> Iterator[Fault]:
    """An aggregate over patients is grouped by patient_id, unless it is a subquery tied to the outer patient."""
    aggregates = [one for kind in _AGGREGATES for one in _own(select, kind) if not _in_window(one)]
    if not aggregates:
        return
    group = select.args.get("group")
    names = [part.name for part in group.expressions if isinstance(part, exp.Column)] if group is not None else []
    if "patient_id" not in names and not _is_tied(select):
        yield Fault("patients apart", line_of(aggregates[0]), "group by patient_id")


def _in_window(node: exp.Expr) -> bool:
    around = node.parent
    while isinstance(around, (exp.Filter,)):
        around = around.parent
    return isinstance(around, exp.Window)


def _is_tied(select: exp.Select) -> bool:
    """Whether a subquery equates its patient_id with the outer query's."""
    own = {table.alias_or_name for table in select.find_all(exp.Table)}
    return any((left in own) != (right in own) for left, right in _equalities(select))


def _correlated(select: exp.Select) -> Iterator[Fault]:
    """A subquery in a condition or a value, when it reads patients, is tied to the outer patient."""
    holder = select.parent
    while isinstance(holder, (exp.SetOperation, exp.Paren)):
        holder = holder.parent
    if isinstance(holder, exp.Exists):
        is_inside = True
    elif isinstance(holder, exp.Subquery):
        is_inside = not isinstance(holder.parent, (exp.From, exp.Join))
    else:
        is_inside = isinstance(holder, exp.In)
    if not is_inside or _is_tied(select):
        return
    around = holder.parent if isinstance(holder, exp.Subquery) else holder
    if isinstance(around, exp.In) and isinstance(around.this, (exp.Tuple, exp.Column)):
        named = [one.name for one in around.this.find_all(exp.Column)]
        if "patient_id" in named and "patient_id" in returned(next(selects(select))):
            return
    yield Fault("patients apart", line_of(select), "tie the subquery to the outer query by patient_id")

"""Patients are reached through the one access function (promise 6); unscoped managers and SQL stay where listed."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "src" / "beforehand"
SOURCES = sorted(ROOT.rglob("*.py"))
UNSCOPED = {"unscoped", "_base_manager", "_default_manager", "base_manager", "default_manager"}
SCOPING_CALLS = {"scope", "limit_to"}  # what is handed to these comes out limited to a principal
SQL_CALLS = {"cursor", "raw", "extra", "RawSQL"}

# Modules that work for the system, for everyone at once, or that check a principal themselves. Each says why.
MAY_BE_UNSCOPED: dict[str, str] = {
    "care/needs/actions.py": "locks the need it changes after the access function has let it through",
    "care/needs/arrivals.py": "counts what waits for the look-ahead; reads no patient",
    "care/needs/feeds.py": "follows a merge to the person a calendar is of, before the access function is asked",
    "care/needs/from_findings.py": "turns everyone's findings into needs, as system:lookahead",
    "care/needs/happened.py": "states facts about the need that an action has let through",
    "care/needs/invariants.py": "proves promise 2 over every need; names numbers only",
    "care/needs/operations.py": "needs without a patient",
    "care/needs/ownership.py": "hands on everyone's work when a colleague leaves or changes role",
    "care/needs/replay.py": "replays a day for the findings of patients that were let through",
    "care/needs/risk.py": "recomputes everyone's risk, as system:lookahead",
    "care/needs/standing.py": "ranks everyone's needs, a row for each set of labels",
    "care/needs/trust.py": "finds whose statements a rule of the organisation settles, for everyone; shows nobody",
    "care/needs/views.py": "adds findings and history to needs that were let through",
    "care/needs/worklist.py": "adds ranks, risks and history to needs that were let through",
    "doors/cli/demo/caseload.py": "makes the invented people of the demo",
    "record/access.py": "is the access function",
    "record/break_glass.py": "finds whether a patient exists, for a form that lists nobody",
    "record/identity.py": "compares everyone with everyone; shows nobody",
    "record/knowledge.py": "places concepts in value sets; no patients",
    "record/people.py": "finds numbers, and limits them before it answers",
    "record/verify.py": "proves promise 6 over every row; names numbers only",
}
MAY_BE_UNSCOPED_FOLDERS = ("intake/", "lookahead/", "record/models/", "record/store")
# lookahead/house.py tells the planner how large tables are.
SQL_FOLDERS = (
    "record/store", "intake/store", "lookahead/store", "lookahead/engines/", "lookahead/house.py",
    "care/needs/store.py",
)  # fmt: skip


def unscoped_uses(source: str) -> list[int]:
    """Lines that reach an unscoped manager without handing it to the access function in the same expression."""
    tree = ast.parse(source)
    limited: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in SCOPING_CALLS:
                handed = [*node.args, *(keyword.value for keyword in node.keywords)]
                limited |= {id(inner) for argument in handed for inner in ast.walk(argument)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in UNSCOPED and id(node) not in limited
    ] + [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "getattr"
        and any(isinstance(argument, ast.Constant) and argument.value in UNSCOPED for argument in node.args)
    ]


def sql_uses(source: str) -> list[int]:
    """Lines that send SQL past the ORM."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "attr", "") in SQL_CALLS or getattr(node.func, "id", "") in SQL_CALLS)
    ]


def where(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=where)
def test_a_module_not_listed_reads_patients_through_the_access_function(path: Path) -> None:
    if where(path) in MAY_BE_UNSCOPED or where(path).startswith(MAY_BE_UNSCOPED_FOLDERS):
        return
    assert unscoped_uses(path.read_text()) == [], f"{where(path)}: use record.access.for_principal(principal)"


@pytest.mark.parametrize("path", SOURCES, ids=where)
def test_sql_is_sent_by_store_and_engine_modules_only(path: Path) -> None:
    if where(path).startswith(SQL_FOLDERS):
        return
    assert sql_uses(path.read_text()) == [], f"{where(path)}: move the statement to a store module"


def test_no_page_is_on_the_list() -> None:
    assert [name for name in MAY_BE_UNSCOPED if name.startswith("doors/") and "/demo/" not in name] == []


def test_every_listed_module_exists_and_needs_to_be_listed() -> None:
    for name, why in MAY_BE_UNSCOPED.items():
        assert why
        assert unscoped_uses((ROOT / name).read_text()), f"{name} no longer needs to be on the list: remove it"


@pytest.mark.parametrize(
    "bad",
    [
        "Patient.unscoped.all()",
        "model._meta.base_manager.all()",
        "model._default_manager.filter(pk=1)",
        "getattr(Patient, 'unscoped')",
        "scope(rows); Patient.unscoped.get(pk=1)",
    ],
)
def test_control_an_unscoped_read_is_noticed(bad: str) -> None:
    assert unscoped_uses(bad) == [1]


@pytest.mark.parametrize(
    "good",
    [
        "access.of(1).scope(Finding.unscoped.filter(state='CURRENT')).order_by('pk')",
        "limit_to(principal, Patient.unscoped.all(), 'id')",
        "Patient.objects.for_principal(principal)",
    ],
)
def test_control_a_scoped_read_is_let_through(good: str) -> None:
    assert unscoped_uses(good) == []


def test_control_sql_past_the_orm_is_noticed() -> None:
    assert sql_uses("with connection.cursor() as c: c.execute('select 1')") == [1]
    assert sql_uses("Patient.objects.raw('select 1')") == [1]

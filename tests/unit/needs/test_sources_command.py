"""``beforehand sources``: the organisation says which source holds over which, sees its rules and ends them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from beforehand.doors.cli.commands import sources
from beforehand.intake.ledger import source_named
from beforehand.record.models import AuditEvent
from tests.access.people import make_team, make_user

pytestmark = pytest.mark.django_db
Beforehand = Callable[..., Result]


@pytest.fixture
def beforehand(monkeypatch: pytest.MonkeyPatch) -> Beforehand:
    monkeypatch.setattr(sources, "ready_home", lambda: None)
    for name in ("pharmacy", "hospital"):
        source_named(name)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(sources.command, arguments, catch_exceptions=False)

    return run


def rules(beforehand: Beforehand) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(beforehand("list", "--json").output)
    return found


def test_a_rule_is_set_listed_with_who_set_it_and_ended(beforehand: Beforehand) -> None:
    boss = make_user("SUPERVISOR", make_team())
    said = ("trust", "medicine", "pharmacy", "hospital", "--reason", "It sees what is taken home.")
    assert beforehand(*said, "--as", boss.username).exit_code == 0
    (rule,) = rules(beforehand)
    assert (rule["preferred"], rule["over"], rule["set_by"]) == ("pharmacy", "hospital", boss.label)
    assert AuditEvent.objects.filter(principal=f"user:{boss.pk}").exists()
    assert beforehand("untrust", str(rule["rule"]), "--reason", "It was wrong once.").exit_code == 0
    assert rules(beforehand) == []


def test_what_cannot_be_says_what_to_do(beforehand: Beforehand) -> None:
    unknown = beforehand("trust", "medicine", "nobody", "hospital", "--reason", "x")
    assert (unknown.exit_code, "take something in from it first" in unknown.output) == (1, True)
    assert beforehand("untrust", "99", "--reason", "x").exit_code == 1
    assert rules(beforehand) == []


def test_a_coordinator_does_not_decide_between_sources(beforehand: Beforehand) -> None:
    dana = make_user("COORDINATOR", make_team())
    beforehand("trust", "medicine", "pharmacy", "hospital", "--reason", "x", "--as", dana.username)
    assert rules(beforehand) == []

"""``beforehand pull``: a server is added, let in, asked and removed, and no secret is ever an argument."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from beforehand.doors.cli.commands import pull as commands
from beforehand.doors.pull import keys
from beforehand.doors.pull.grants import given_token
from beforehand.intake.models import PullSource
from beforehand.record.models import AuditEvent
from tests.access.people import make_team, make_user
from tests.unit.pull.conftest import Post


@pytest.fixture
def beforehand(post: Post, monkeypatch: pytest.MonkeyPatch, settings: object):
    monkeypatch.setattr(commands, "ready_home", lambda: None)
    monkeypatch.setattr(commands, "Clock", lambda: post.clock)
    monkeypatch.setattr(commands, "catch_up", lambda as_of: None)
    monkeypatch.setattr(keys, "_BITS", 2048)

    def run(*arguments: str, typed: str = "", **more: str) -> Result:
        return CliRunner().invoke(commands.command, arguments, input=typed, env=more, catch_exceptions=False)

    return run


def test_a_server_is_added_listed_asked_and_removed(post: Post, beforehand) -> None:
    base = f"{post.server.base}/fhir"
    added = beforehand("add", "clinic", "--url", f"{base}/", "--kind", "bulk", "--group", "a", "--auth", "none")
    assert added.output == "clinic is asked from now on.\n"
    assert "asked already" in beforehand("add", "clinic", "--url", base, "--kind", "bulk", "--auth", "none").output
    (row,) = json.loads(beforehand("list", "--json").output)
    assert (row["name"], row["kind"], row["url"], row["since"], row["trouble"]) == ("clinic", "bulk", base, "", "")
    asked = beforehand("run", "clinic")
    assert (asked.exit_code, asked.output) == (0, "clinic: 15 items received, 15 applied\n")
    (outcome,) = json.loads(beforehand("run", "--json").output)
    assert (outcome["state"], outcome["applied"]) == ("DONE", 0)
    assert beforehand("remove", "clinic", "--reason", "Gone").exit_code == 0
    assert beforehand("list").output.count("\n") == 1
    assert beforehand("run", "clinic").exit_code == 2
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {
        "cli.pull.add",
        "cli.pull.run",
        "cli.pull.remove",
    }


def test_a_trouble_is_said_with_its_remedy_and_ends_with_one(post: Post, beforehand) -> None:
    post.server.needs_token = True
    beforehand("add", "clinic", "--url", f"{post.server.base}/fhir", "--kind", "bulk", "--client-id", "beforehand")
    refused = beforehand("run")
    assert refused.exit_code == 1
    assert "does not know our client id or our key" in refused.output
    assert "Traceback" not in refused.output
    post.server.keys = json.loads(beforehand("keys").output)["keys"]
    assert beforehand("run", "clinic").exit_code == 0


@pytest.mark.parametrize("way", ["file", "variable", "typed"])
def test_a_token_comes_from_a_file_a_variable_or_unseen(post: Post, beforehand, tmp_path: Path, way: str) -> None:
    (tmp_path / "patients").write_text("p0\n\np1\n")
    beforehand(
        "add", "clinic", "--url", f"{post.server.base}/fhir", "--kind", "search", "--auth", "bearer",
        "--patients", str(tmp_path / "patients"),
    )  # fmt: skip
    (tmp_path / "token").write_text("canary\n")
    said = {
        "file": lambda: beforehand("token", "clinic", "--file", str(tmp_path / "token")),
        "variable": lambda: beforehand("token", "clinic", "--env", "OUR_TOKEN", OUR_TOKEN="canary"),
        "typed": lambda: beforehand("token", "clinic", typed="canary\n"),
    }[way]()
    pull = PullSource.objects.get()
    assert (said.exit_code, given_token(pull), pull.patients) == (0, "canary", ["p0", "p1"])
    assert "canary" not in said.output
    options = {option for each in commands.command.commands.values() for one in each.params for option in one.opts}
    assert not {option for option in options if option in ("--token", "--secret", "--password", "--patient")}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--url", "http://fhir.example/r4"), "not encrypted"),
        (("--url", "https://a:b@fhir.example/r4"), "leave it out"),
        (("--url", "https://fhir.example/r4?x=1"), "base of the server alone"),
        (("--url", "https://fhir.example/r4", "--since", "2026"), "full one with its zone"),
        (("--url", "https://fhir.example/r4", "--type", "Observation?code=x"), "belong to a search"),
        (("--url", "https://fhir.example/r4", "--auth", "key"), "client id"),
        (("--url", "https://fhir.example/r4", "--per-second", "0"), "more than nothing"),
        (("--url", "https://fhir.example/r4", "--origin", "http://files.example"), "not encrypted"),
    ],
)
def test_what_cannot_be_asked_is_said_before_it_is(beforehand, given: tuple[str, ...], said: str) -> None:
    auth = () if "--auth" in given else ("--auth", "none")
    refused = beforehand("add", "clinic", "--kind", "bulk", *auth, *given)
    assert (refused.exit_code, said in refused.output) == (1, True), refused.output
    assert not PullSource.objects.exists()


def test_only_who_manages_accounts_may_add_a_server(post: Post, beforehand) -> None:
    coordinator = make_user("COORDINATOR", make_team())
    arguments = ("add", "clinic", "--url", f"{post.server.base}/fhir", "--kind", "bulk", "--auth", "none")
    assert beforehand(*arguments, "--as", coordinator.username).exit_code == 1
    assert not PullSource.objects.exists()

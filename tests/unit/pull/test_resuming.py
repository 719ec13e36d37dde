"""A fetch that dies at any statement goes on without losing or doubling anything; without its guards it would not."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from django.db import connection

from beforehand.doors.pull import files
from beforehand.intake.models import PullFile
from beforehand.record.models import Item, Message
from tests.unit.pull.conftest import Post
from tests.unit.pull.fhir_server import invented

TAKEN_IN = 'UPDATE "pull_run" SET "received"'  # the statement after a part was taken in, before that is noted


class Death(BaseException):
    """The process ends here."""


def dies_before(statement: int, only: str) -> Callable[..., Any]:
    """Ends the run before so many statements to the database that hold these words."""
    seen = 0

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal seen
        if sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):  # the test's own, where a home commits
            return execute(sql, params, many, context)
        seen += only in sql
        if seen == statement and only in sql:
            raise Death
        return execute(sql, params, many, context)

    return count


class Tally(NamedTuple):
    """What the ledger holds; received and duplicates as its messages count their items."""

    messages: int
    items: int
    received: int
    duplicates: int


def tally() -> Tally:
    counted = Message.objects.values_list("received", "duplicates")
    received, duplicates = sum(one for one, _ in counted), sum(one for _, one in counted)
    return Tally(Message.objects.count(), Item.objects.count(), received, duplicates)


def deaths(post: Post, every: int, kind: str, only: str = "") -> Iterator[Tally]:
    """What stands after a fetch that died at a statement and was run again; for every so many-th statement."""
    post.server.records = invented(people=1, observations=3)
    statement = every
    while True:
        pull = post.asks(kind)
        before = tally()
        try:
            with connection.execute_wrapper(dies_before(statement, only)):
                post.run(pull, part=300)
            return
        except Death:
            assert post.run(pull, part=300).state == "DONE"
        after = tally()
        yield Tally(*(new - old for new, old in zip(after, before, strict=True)))
        statement += every


@pytest.mark.parametrize(("kind", "messages"), [("BULK", 4), ("SEARCH", 3)])
def test_fetch_that_died_at_any_statement_goes_on(post: Post, kind: str, messages: int) -> None:
    found = [*deaths(post, 23, kind), *deaths(post, 1, kind, TAKEN_IN)]
    assert len(found) > 5
    assert set(found) == {(messages, 4, 4, 0)}


def test_control_noting_a_part_before_it_is_taken_in_loses_it(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_over = files.Ledger.hand_over

    def too_late(self: files.Ledger, content: bytes, name: str) -> None:
        file = PullFile.objects.get(run=self.run, place=int(name.partition("/")[2][:5]))
        PullFile.objects.filter(pk=file.pk).update(done_bytes=file.done_bytes + len(content), items=99)
        hand_over(self, content, name)

    monkeypatch.setattr(files.Ledger, "hand_over", too_late)
    assert any(each.received < 4 for each in deaths(post, 1, "BULK", 'insert into "message"'))


def test_control_not_knowing_what_came_just_before_doubles_it(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.Ledger, "_has", lambda self, content: False)
    assert any(each.duplicates > 0 for each in deaths(post, 1, "BULK", TAKEN_IN))

"""The matrix: principals x routes x methods x relations, made from the site's addresses, and how a cell is judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from beforehand.record.access_policy import NOBODY, POLICY, PUBLIC, SIGNED_IN
from beforehand.record.models import AuditEvent, AuditPatient, User
from beforehand.record.roles import ROLE_CAPABILITIES, Capability
from tests.access.people import today
from tests.access.world import LABELS_SEEN, RELATIONS, SEES, World, civil, may_meet

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OUTSIDE = ("ANONYMOUS", "DEACTIVATED")
IN_TEAM_A = ("COORDINATOR", "SUPERVISOR", "PHARMACIST", "SOCIAL_WORKER", "CLINICIAN")


def site_routes() -> dict[str, tuple[str, ...]]:
    """Every route of the site: its name as the policy knows it, and the names of what its address holds."""
    found: dict[str, tuple[str, ...]] = {}

    def names(pattern: Any) -> tuple[str, ...]:
        return (*pattern.pattern.converters, *pattern.pattern.regex.groupindex)

    def walk(patterns: list[Any], namespace: str, held: tuple[str, ...]) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
                walk(pattern.url_patterns, inner, (*held, *names(pattern)))
            elif isinstance(pattern, URLPattern):
                found[f"{namespace}{pattern.name}"] = tuple(dict.fromkeys((*held, *names(pattern))))

    walk(get_resolver().url_patterns, "", ())
    return found


def routes_without_a_row(routes: dict[str, tuple[str, ...]], policy: dict[str, Any]) -> set[str]:
    return {name for name in routes if name not in policy}


@dataclass(frozen=True)
class Target:
    """What an address names: which relation or label it is about, and whether a principal may meet it."""

    about: str  # patient:<relation>, label:<label>, or empty where the address names nothing of a patient
    kwargs: tuple[tuple[str, Any], ...] = ()
    twin: bool = False  # is also about a patient of Team A

    def visible_to(self, principal: str) -> bool:
        if not self.about:
            return True
        if self.about.startswith("label:") and "own" not in SEES[principal]:
            return False
        return may_meet(principal, self.about) and (not self.twin or principal in IN_TEAM_A)


def targets(world: World, held: tuple[str, ...]) -> Iterator[Target]:
    """One target for each relation, and for each label where labels apply."""
    if not held:
        yield Target("")
        return
    for relation, marked in world.marked.items():
        about = f"patient:{relation}"
        if held == ("patient_id",):
            yield Target(about, (("patient_id", marked.patient.pk),))
        elif held == ("need_id",):
            yield Target(about, (("need_id", marked.need),))
        elif held == ("event_id",):
            yield Target(about, (("event_id", marked.event),))
        elif held == ("table", "fact_id"):
            yield Target(about, (("table", "observation"), ("fact_id", marked.facts["observation"])))
        elif held == ("fact_id",):
            yield Target(about, (("fact_id", marked.facts["document_reference"]),))
        elif held == ("item_id",):
            yield Target("", (("item_id", marked.item),))
        elif held == ("match_id",):
            yield Target(about, (("match_id", marked.match),), twin=True)
        elif held == ("decision_id",):
            yield Target(about, (("decision_id", marked.decision),), twin=True)
        elif held == ("list_id",):
            yield Target(about, (("list_id", marked.facts["procedure"]),))
        elif held == ("handing_id",):
            yield Target(about, (("handing_id", marked.facts["communication"]),))
        elif held == ("patient_id", "settlement_id"):
            yield Target(about, (("patient_id", marked.patient.pk), ("settlement_id", marked.facts["settlement"])))
        elif held == ("token",):
            yield Target("", (("token", "nobodys"),))  # what a calendar gives: tests/unit/feed
            return
        elif held == ("feed_id",):
            yield Target("", (("feed_id", 0),))
            return
        elif held == ("public_id",):
            yield Target("", (("public_id", "of-nobody"),))  # what a sender's call is answered: tests/unit/inbox
            return
        elif held in (("key",), ("uidb36", "key"), ("pk",)):
            yield Target("", tuple((name, "1") for name in held))
            return
        else:
            raise AssertionError(f"the matrix does not know what {held} names: teach it in tests/access/matrix.py")
    for label, facts in world.label_facts.items():
        if held == ("need_id",):
            yield Target(f"label:{label}", (("need_id", world.label_needs[label]),))
        elif held == ("table", "fact_id"):
            yield Target(f"label:{label}", (("table", "condition"), ("fact_id", facts["condition"])))


def queries(route: str, world: World) -> list[tuple[str, dict[str, Any]]]:
    """Ways of asking a route that lists: query strings, and forms with the numbers of every patient swapped in."""
    words = list(world.canaries())
    needs = [marked.need for marked in world.marked.values()]
    if route == "today":
        owners, states = ("mine", "team", "everyone"), ("open", "unknown", "snoozed", "late", "marked", "done")
        return [(f"?owner={owner}&state={state}", {}) for owner in owners for state in states]
    if route == "search":
        # By what everybody here has in common, and by each patient's own word and number.
        shared = [("", {"text": text}) for text in ("555-0100", "female", "1945-05-12")]
        return (
            shared + [("", {"text": word}) for word in words] + [("", {"text": f"mrn|{word[:20]}"}) for word in words]
        )
    if route == "team":
        return [("", {"need": needs, "owner": world.users["SUPERVISOR"].pk, "reason": "shared out"})]
    if route == "gate:break_glass":
        return [("", {"patient": marked.patient.pk, "reason": "no"}) for marked in world.marked.values()]
    return [("", {})]


def body(world: World) -> dict[str, Any]:
    """A form that fills every act on a need: what an act does not know it ignores."""
    return {
        "text": "x", "question": "Asked by hand", "next_step": "Call back", "on": civil(today() + 2),
        "until": civil(today() + 3), "reason": "The office is closed", "outcome": "It is settled", "words": "",
        "owner": f"user:{world.users['COORDINATOR'].pk}", "decision": "apart", "happened": "reached",
        "on_day": civil(today()), "harm": "3", "step_kind": "call",
    }  # fmt: skip


OWN_TABLES = ("django_session", "audit_", "axes_", "account_", "mfa_")  # written by any request, about no patient


class Writes:
    """Counts statements that change a table about patients or their work."""

    def __init__(self) -> None:
        self.tables: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        verb, _, rest = sql.lstrip().partition(" ")
        if verb.upper() in ("INSERT", "UPDATE", "DELETE"):
            table = rest.replace("INTO ", "").replace("FROM ", "").split()[0].strip('"')
            if not table.startswith(OWN_TABLES):
                self.tables.append(table)
        return execute(sql, params, many, context)


class Visitor:
    """A principal with a browser. Each visit is taken back, so that every cell meets the same house."""

    def __init__(self, principal: str, client: Client, world: World) -> None:
        self.principal, self.client, self.world = principal, client, world
        self.client.raise_request_exception = False
        self.session = client.cookies["sessionid"].value if "sessionid" in client.cookies else ""
        self.canaries = world.canaries()
        self.patients = {marked.patient.pk: relation for relation, marked in world.marked.items()}
        self.cells = 0
        self.met: set[str] = set()

    def visit(self, route: str, method: str, target: Target, query: str = "", form: Any = None) -> list[str]:
        """What is wrong with this cell; empty when nothing is."""
        self.cells += 1
        address = reverse(route, kwargs=dict(target.kwargs)) + query
        cell = f"{self.principal} {method} {route}{query} {target.about}"
        seen = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        writes = Writes()
        with transaction.atomic(), connection.execute_wrapper(writes):
            send = getattr(self.client, method.lower())
            response = send(address, form or {}) if method in ("GET", "POST") else send(address)
            wrong = self._judge(cell, route, method, target, response, seen, str(form or ""))
            if writes.tables and self._must_change_nothing(route, method, target):
                wrong.append(f"WRITE {cell}: {sorted(set(writes.tables))}")
            transaction.set_rollback(True)
        if self.session:
            self.client.cookies["sessionid"] = self.session
        return wrong

    def _must_change_nothing(self, route: str, method: str, target: Target) -> bool:
        return (
            not POLICY[route].allows_method(method) or not self._reaches(route) or not target.visible_to(self.principal)
        )

    def _reaches(self, route: str) -> bool:
        who = POLICY[route].who
        if isinstance(who, Capability):
            user = self.world.users.get(self.principal)
            return user is not None and who in ROLE_CAPABILITIES[user.role] and self.principal not in (
                *OUTSIDE, "NO_SECOND_FACTOR",
            )  # fmt: skip
        return who is PUBLIC or self.principal not in OUTSIDE

    def _judge(
        self, cell: str, route: str, method: str, target: Target, response: Any, seen: int, sent: str
    ) -> list[str]:
        wrong = []
        said = response.content.decode(errors="replace") + "".join(f"{k}{v}" for k, v in response.headers.items())
        met = {marks for word, marks in self.canaries.items() if word in said}
        self.met |= met
        asked = {marks for word, marks in self.canaries.items() if word in sent}  # a form shows again what was typed
        for marks in sorted(met - asked):
            if not may_meet(self.principal, marks):
                wrong.append(f"LEAK {cell}: {marks}")
        expected = self.expected(route, method, target)
        if response.status_code not in expected:
            wrong.append(f"{cell}: {response.status_code}, expected {sorted(expected)[:4]}")
        events = list(AuditEvent.objects.filter(pk__gt=seen).values_list("pk", flat=True))
        if len(events) > 1:
            wrong.append(f"{cell}: {len(events)} audit events")
        if response.status_code == 200:
            noted = set(AuditPatient.objects.filter(event_id__in=events).values_list("patient_id", flat=True))
            read = {number for number, relation in self.patients.items() if f"patient:{relation}" in met - asked}
            for number in sorted(read - noted):
                wrong.append(f"AUDIT {cell}: read of patient:{self.patients[number]} left no trace")
        return wrong

    def expected(self, route: str, method: str, target: Target) -> set[int]:
        """The outcomes the policy table allows for this cell."""
        row = POLICY[route]
        if row.who is NOBODY:
            return {404}
        if not row.allows_method(method):
            return {405}
        if row.who is PUBLIC:
            return {200, 302, 403, 404, 422, 429}
        if self.principal in OUTSIDE:
            return {302}
        if self.principal == "NO_SECOND_FACTOR" and not row.before_second_factor:
            return {302}
        if not self._reaches(route):
            return {403}
        if row.who is SIGNED_IN:
            return {200, 204, 302, 403, 404}
        if not target.visible_to(self.principal):
            return {404}
        if route == "team" and method == "POST":
            return {302, 404}  # the needs of everybody are swapped into the form; without a team there is no colleague
        if route in (
            "calendar_revoke",
            "document",
            "document_content",
            "item_content",
            "filing_undo",
            "statement_settle",
        ):
            return {200, 302, 404}  # the items here are no documents, nobody filed them, and the form names no entry
        if route.startswith("signed_list") or route == "giving_undo":
            return {200, 302, 404}  # the procedures here are a system's: nobody signed a list by them
        if route == "settlement_undo":
            return {302, 404}  # these settlements were settled by nobody
        if route == "undo":
            return {302, 403}  # one's own, or as a supervisor
        return {200, 302, 422}


def principals(world: World) -> dict[str, User | None]:
    """Name to user; every one of them in the matrix."""
    assert set(SEES) == {"ANONYMOUS", *world.users}
    assert set(RELATIONS) == set(world.marked)
    assert set(LABELS_SEEN) <= set(SEES)
    return {"ANONYMOUS": None, **world.users}

"""Nobody meets a word about a patient out of reach, on any route, by any method (promise 6).

Made from the site's own addresses: a new route is in the matrix the moment it exists, and fails the build until it
has a row in the policy table. Run alone with ``-s`` to see the number of cells.
"""

import pytest
from django.core.cache import cache
from django.db.models import QuerySet
from django.test import Client

from beforehand.care.needs.models import Need
from beforehand.clinical.tables import FACTS
from beforehand.lookahead.house import make_ready
from beforehand.record import access
from beforehand.record.access_policy import POLICY
from beforehand.record.models import User
from tests.access.matrix import METHODS, Visitor, body, principals, queries, routes_without_a_row, site_routes, targets
from tests.access.matrix import Target as TargetOf
from tests.access.world import LABELS_SEEN, RELATIONS, SEES, World

PRINCIPALS = sorted(SEES)


@pytest.fixture
def world(db, settings, tmp_path):
    settings.BLOBS = tmp_path / "blobs"
    cache.clear()
    make_ready()  # once, not again in every cell that writes: each cell is rolled back
    return World()


@pytest.fixture
def visitor(world, signed_in):
    def enter(principal):
        user = principals(world)[principal]
        if user is None:
            return Visitor(principal, Client(), world)
        if principal == "DEACTIVATED":  # signed in while the account was open
            User.objects.filter(pk=user.pk).update(is_active=True)
        client = signed_in(User.objects.get(pk=user.pk), second_factor=principal != "NO_SECOND_FACTOR")
        if principal == "DEACTIVATED":
            User.objects.filter(pk=user.pk).update(is_active=False)
        client.get("/keys/")
        return Visitor(principal, client, world)

    return enter


def test_every_route_has_a_row_and_every_row_a_route():
    routes = site_routes()
    assert routes_without_a_row(routes, POLICY) == set()
    optional = {name for name in POLICY if name.startswith(("account_", "mfa_"))}  # the library's settings decide
    assert set(POLICY) - set(routes) - optional == set()


def test_control_a_route_without_a_row_is_noticed():
    assert routes_without_a_row(site_routes(), {name: row for name, row in POLICY.items() if name != "person"}) == {
        "person"
    }


def test_the_matrix_is_as_wide_as_promised():
    assert len(PRINCIPALS) >= 10
    assert len(RELATIONS) >= 6


def walk(visitor, methods, only=None):
    """Every route by every method for every relation; returns what is wrong."""
    world, wrong = visitor.world, []
    for route, held in site_routes().items():
        if only and route not in only:
            continue
        for target in targets(world, held):
            for method in methods:
                form = body(world) if method == "POST" else None
                for query, values in queries(route, world) if not held else [("", {})]:
                    sent = values if values else form
                    wrong += visitor.visit(route, method, target, query, sent if method == "POST" else None)
                    if method not in ("GET", "POST"):
                        break
    return wrong


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_nobody_meets_a_patient_out_of_reach_and_everybody_those_they_work_for(principal, visitor):
    """The second, or the matrix would pass on empty pages."""
    who = visitor(principal)
    wrong = walk(who, methods=("GET",))
    met = set(who.met)
    wrong += walk(who, methods=tuple(method for method in METHODS if method != "GET"))
    print(f"{principal}: {who.cells} cells, {len(wrong)} wrong", *wrong, sep="\n")
    assert wrong == []
    if principal not in ("ANONYMOUS", "DEACTIVATED", "NO_SECOND_FACTOR", "ADMINISTRATOR"):
        expected = {f"patient:{relation}" for relation in SEES[principal]}
        assert expected | {f"label:{label}" for label in LABELS_SEEN.get(principal, ())} <= met


@pytest.mark.parametrize("principal", ["COORDINATOR", "CLINICIAN", "SOCIAL_WORKER", "OTHER"])
def test_no_table_of_facts_is_shown_past_relation_and_label(principal, visitor, world):
    who, wrong = visitor(principal), []
    for table in FACTS:
        for relation in ("own", "other", "opened"):
            kwargs = (("table", table), ("fact_id", world.marked[relation].facts[table]))
            for route in ("provenance", "original"):
                wrong += who.visit(route, "GET", TargetOf(f"patient:{relation}", kwargs))
        for label, facts in world.label_facts.items():
            for route in ("provenance", "original"):
                kwargs = (("table", table), ("fact_id", facts[table]))
                wrong += who.visit(route, "GET", TargetOf(f"label:{label}", kwargs))
    assert wrong == []


def test_work_cannot_be_handed_to_somebody_who_may_not_see_the_patient(visitor, world):
    who = visitor("SUPERVISOR")
    need = world.marked["own"].need
    for owner in ("OTHER", "TEAMLESS", "LEFT", "ADMINISTRATOR", "DEACTIVATED"):
        form = body(world) | {"owner": f"user:{world.users[owner].pk}"}
        who.client.post(f"/needs/{need}/hand-over/", form)
        assert Need.unscoped.get(pk=need).owner_user_id is None, owner


def test_sharing_out_refuses_the_whole_form_when_one_need_is_out_of_reach(visitor, world):
    who = visitor("SUPERVISOR")
    own, other = world.marked["own"].need, world.marked["other"].need
    form = {"need": [own, other], "owner": world.users["COORDINATOR"].pk, "reason": "away"}
    before = list(Need.unscoped.order_by("pk").values())
    assert who.client.post("/team/", form).status_code == 404
    assert list(Need.unscoped.order_by("pk").values()) == before
    assert who.client.post("/team/", form | {"need": [own]}).status_code in (200, 302)
    assert Need.unscoped.get(pk=own).owner_user_id == world.users["COORDINATOR"].pk


def unlimited(monkeypatch):
    """The sabotage: the access function lets everything through."""

    def everything(principal, queryset, patient_field="patient_id", **_kwargs) -> QuerySet:
        return queryset

    monkeypatch.setattr(access, "limit_to", everything)
    monkeypatch.setattr(
        access.OnePatient, "scope", lambda self, rows, field="patient_id": rows.filter(**{field: self.id})
    )
    monkeypatch.setattr(
        access.SomePatients, "scope", lambda self, rows, field="patient_id": rows.filter(**{f"{field}__in": self.ids})
    )


def test_control_without_the_scope_the_matrix_shows_leaks(visitor, monkeypatch):
    unlimited(monkeypatch)
    leaks = [line for line in walk(visitor("COORDINATOR"), methods=("GET", "POST")) if line.startswith("LEAK")]
    leaking = {line.split()[3].partition("?")[0] for line in leaks}
    assert {"today", "people", "search", "person", "person_history", "provenance", "original", "need"} <= leaking
    marks = {line.rpartition(": ")[2] for line in leaks}
    assert marks == {f"patient:{relation}" for relation, seen in RELATIONS.items() if not seen} | {"label:R"}


def test_control_without_the_labels_the_matrix_shows_leaks(visitor, monkeypatch):
    monkeypatch.setattr(access, "_without_hidden_labels", lambda person, rows: rows)
    leaks = [line for line in walk(visitor("CLINICIAN"), methods=("GET",)) if line.startswith("LEAK")]
    assert {line.rpartition(": ")[2] for line in leaks} == {f"label:{label}" for label in access.LABELS}

"""Person: the one record. What to heed, what next, what is coming, then the rest."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from beforehand.care.medicines.lines import KINDS, MEDICINES, list_of
from beforehand.care.medicines.signed import signed_lists
from beforehand.care.needs.evidence import evidence_views
from beforehand.care.needs.forecast import forecast as forecast_of
from beforehand.care.needs.shapes import FindingView, NeedView
from beforehand.care.needs.views import finding_view
from beforehand.care.needs.worklist import person_needs
from beforehand.clinical.fact_words import fact_line, table_words, when
from beforehand.clinical.tables import ALL, FACTS
from beforehand.doors.coordinator import (
    present_chart,
    present_coming,
    present_differences,
    present_documents,
    present_lists,
    present_needs,
    present_risk,
    wording,
)
from beforehand.doors.coordinator.chart import Chart
from beforehand.lookahead.models import Finding
from beforehand.record.access import RECONCILE, WORK_NEEDS
from beforehand.record.contradictions import Contradiction, contradictions_of
from beforehand.record.models import Enrolment, Patient, PersonContact, PersonIdentifier, PersonRecord

PAGE = 50
SHOWN = 4  # contradictions on the page; the desk has all
LONG = 12  # needs, and days to come, that stand open; the rest folds under them


@require_safe
def person(request: Any, patient_id: int) -> HttpResponse:
    """One person's page."""
    patient = request.access.patient(patient_id)
    now = wording.today()
    chart = Chart(request.access, patient)
    needs = person_needs(request.principal, patient.pk, as_of=now)
    findings = _findings(request, patient, now)
    contacts = list(request.access.of(patient.pk).scope(PersonContact.unscoped.order_by("pk")))
    return render(request, "coordinator/person.html", _context(request, chart, needs, findings, contacts, now))


def _findings(request: Any, patient: Patient, now: int) -> list[FindingView]:
    """What the look-ahead says of this person today, in words and with evidence."""
    reader = request.access.among([patient.pk])
    found = list(reader.scope(Finding.unscoped.filter(state="CURRENT")).order_by("due_on", "pk"))
    evidence = evidence_views(reader, found, now)
    return [finding_view(one, evidence.get(one.pk, ()), patient.display_name, now) for one in found]


def _identifiers(request: Any, patient_id: int) -> list[tuple[str, str]]:
    kinds = {"MR": "record number", "MB": "member number", "SS": "", "DL": "", "PPN": ""}
    found = request.access.of(patient_id).scope(PersonIdentifier.unscoped.order_by("pk"))
    named = [(kinds.get(one.type, "number"), one.value) for one in found]
    return [(kind, number) for kind, number in named if kind and len(number) < 24]


def _context(
    request: Any, chart: Chart, needs: tuple[NeedView, ...], findings: list[FindingView], contacts: list[Any], now: int
) -> dict[str, Any]:
    patient = chart.patient
    here = reverse("person", args=[patient.pk])
    live = [need for need in needs if need.state in ("OPEN", "SNOOZED")]
    shown = [present_needs.need(need, back=here, now=now, is_solid=False) for need in live]
    first = present_needs.need(live[0], back=here, now=now) if live else None
    lead = Enrolment.objects.filter(patient_id=patient.pk, until_day=None).select_related("lead", "team").first()
    coming = present_coming.coming(chart, forecast_of(request.principal, patient.pk, as_of=now), findings, live, now)
    visits = present_chart.visits(chart, now)
    documents = present_documents.documents(chart, now)
    results = present_chart.results(chart, now)
    differing = [one for one in contradictions_of(request.access, patient.pk) if not one.is_settled]
    return {
        "title": f"Person {patient.pk}",
        "may_work": request.principal.may(WORK_NEEDS),
        "person": present_chart.header(chart, contacts, _identifiers(request, patient.pk), now),
        "is_deceased": patient.is_deceased,
        "next": first,
        "needs": shown[:LONG],
        "more_needs": shown[LONG:],
        "need_count": len(shown),
        "unknowns": present_coming.unknowns(findings),
        "versus": [present_differences.contradiction(one, now) for one in differing[:SHOWN]]
        + _differing_records(request, chart),
        "clashes": _not_shown_yet(findings, live, differing),
        "to_settle": len(differing),
        "differences_url": reverse("differences", args=[patient.pk]),
        "lists": _lists(request, patient.pk),
        "may_sign": request.principal.may(RECONCILE),
        "coming": coming[:LONG],
        "more_coming": coming[LONG:],
        "lanes": present_coming.lanes(coming, now),
        "allergies": present_chart.allergies(chart),
        "medicines": present_chart.medicines(chart, list_of(request.principal, patient.pk, MEDICINES, as_of=now), now),
        "results": results[: present_chart.SHOWN],
        "more_results": results[present_chart.SHOWN : 60],
        "documents": documents[: present_documents.SHOWN],
        "more_documents": documents[present_documents.SHOWN :],
        "calendars_url": reverse("person_calendars", args=[patient.pk]),
        "visits": visits[:6],
        "visit_count": len(visits),
        "coverage": present_chart.coverage(chart, now),
        "team": present_chart.team(chart, lead.lead.label if lead and lead.lead else ""),
        "programme": lead.team.name if lead else "",
        "plans": present_chart.plans(chart, now)[:12],
        "who": present_chart.who(chart, contacts),
        "risk": present_risk.heart_risk_view(chart, now),
        "history": present_chart.history(chart, now),
        "history_url": reverse("person_history", args=[patient.pk]),
        "add_url": reverse("need_add", args=[patient.pk]),
        "source_count": wording.count_words(chart.source_count, "source"),
        "foot": "One record. Open any grey chip to see who said so and when.",
    }


def _not_shown_yet(
    findings: list[FindingView], live: list[NeedView], differing: list[Contradiction]
) -> list[dict[str, Any]]:
    """What rules found to contradict, where the same two facts are not on the page already."""
    known = {said.fact_id for one in differing for side in (one.left, one.right) for said in side.said_by}
    rest = [one for one in findings if not {each.fact_id for each in one.evidence} & known]
    return present_coming.contradictions(rest, live)


def _lists(request: Any, patient_id: int) -> dict[str, str]:
    """Where the lists are, and who signed the medicines last."""
    signed = signed_lists(request.principal, patient_id, MEDICINES)
    return {kind: reverse(kind, args=[patient_id]) for kind in KINDS} | {
        "sign": reverse("reconcile_medicines", args=[patient_id]),
        "signed": f"{signed[0].by}, {present_lists.when_signed(signed[0])}" if signed else "",
    }


def _differing_records(request: Any, chart: Chart) -> list[dict[str, Any]]:
    """Where the sources' own entries for the person disagree on birth date or sex."""
    records = list(request.access.of(chart.patient.pk).scope(PersonRecord.unscoped.all()))
    found = []
    births = [(wording.date_words(one.birth_day, nothing=""), one.source_id) for one in records]
    sexes = [(one.sex or "", one.source_id) for one in records]
    for title, entries in (("Birth date: the sources differ", births), ("Sex: the sources differ", sexes)):
        said: dict[str, list[str]] = {}
        for words, source_id in entries:
            if words:
                said.setdefault(words, []).append(chart.source_label(source_id))
        if len(said) > 1:
            sides = [
                {"says": what, "who": ", ".join(sorted(set(by))), "when": "", "chips": []} for what, by in said.items()
            ]
            found.append({"title": title, "line": "Neither wins until somebody asks.", "sides": sides[:2], "next": ""})
    return found


@require_safe
def history(request: Any, patient_id: int) -> HttpResponse:
    """Every fact on record, newest first, with who said so; one kind at a time if asked."""
    patient = request.access.patient(patient_id)
    now = wording.today()
    wanted = request.GET.get("kind", "")
    tables = (wanted,) if wanted in FACTS else tuple(name for name in FACTS if name != "patient_record")
    chart = Chart(request.access, patient, tables)
    lines = [line for table in tables for line in chart.lines(table)]
    lines.sort(key=lambda line: (-(line.day if line.day is not None else -(10**6)), line.table, line.id))
    paginator = Paginator(lines, PAGE)
    page = paginator.get_page(request.GET.get("page"))
    entries = [
        {
            "date_iso": wording.iso(line.day),
            "when": when(line.row, ALL[line.table].by[1], now) or "No date",
            "words": f"{table_words(line.table)}: {fact_line(line.table, line.row, chart.concept)}",
            "chips": [present_chart.chip(chart, line, "Who said so")],
        }
        for line in page.object_list
    ]
    here = reverse("person_history", args=[patient.pk])
    context = {
        "title": f"History of person {patient.pk}",
        "name": patient.display_name,
        "patient_url": reverse("person", args=[patient.pk]),
        "count": wording.count_words(len(lines), "entry", "entries"),
        "entries": entries,
        "kinds": [("", "Everything"), *sorted(((name, table_words(name)) for name in FACTS), key=lambda pair: pair[1])],
        "kind": wanted,
        "here": here,
        "pages": [
            (
                str(number),
                f"{here}?kind={wanted}&page={number}" if isinstance(number, int) else "",
                number == page.number,
            )
            for number in paginator.get_elided_page_range(page.number)
        ],
    }
    return render(request, "coordinator/history.html", context)

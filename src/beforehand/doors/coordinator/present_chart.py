"""A person's chart as sections of plain values for the Person page."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.urls import reverse

from beforehand.care.medicines.lines import FILLED, ListNow
from beforehand.clinical.fact_words import fact_line, money, normal, quantity, value, when
from beforehand.clinical.times import date_of
from beforehand.doors.coordinator import wording
from beforehand.doors.coordinator.chart import Chart, Line

SHOWN = 8
ACTIVE = {"active", "recurrence", "relapse", "on-hold", "intended", "unknown"}
RESULTS = {"laboratory", "Laboratory", "vital-signs", "Vital Signs"}


def chip(chart: Chart, line: Line, text: str = "") -> dict[str, Any]:
    """A line as a grey chip: its words and every source that says so."""
    row = line.row
    labels = list(dict.fromkeys(chart.source_label(said["source_id"]) for said in line.said_by))
    return {
        "text": text or fact_line(line.table, row, chart.concept),
        "source": ", ".join(labels),
        "is_said": chart.is_said(row),
        "rows": [("Who said so", ", ".join(labels))],
        "url": reverse("provenance", args=[line.table, line.id]),
    }


def age_words(chart: Chart, now: int) -> str:
    """``81``, or both ages where the birth date is not exact."""
    low, high = chart.patient.birth_to_day, chart.patient.birth_from_day
    if low is None or high is None:
        return "age unknown"
    until = chart.patient.deceased_from_day if chart.patient.is_deceased and chart.patient.deceased_from_day else now
    ages = sorted({_age(low, until), _age(high, until)})
    return " or ".join(str(age) for age in ages)


def _age(born: int, now: int) -> int:
    birth, day = date_of(born), date_of(now)
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def header(chart: Chart, contacts: list[Any], identifiers: list[Any], now: int) -> dict[str, Any]:
    """Name, two identifiers, and what to heed before any call."""
    patient = chart.patient
    active = [line for line in chart.lines("condition") if line.row.get("clinical_status") in ACTIVE]
    named = list(dict.fromkeys(chart.concept(line.row["code"]) for line in active))[:3]
    born = (
        wording.date_words(patient.birth_from_day)
        if patient.birth_from_day == patient.birth_to_day
        else "an uncertain day"
    )
    parts = [age_words(chart, now), f"born {born}", patient.sex or ""]
    parts += [f"{kind} {number}" for kind, number in identifiers[:1]]
    if patient.is_deceased:
        parts.insert(0, f"died {wording.day_words(patient.deceased_from_day, now=now, nothing='on an unknown day')}")
    line = ", ".join(part for part in parts if part) + (f" · {', '.join(named)}" if named else "")
    heed: list[dict[str, Any]] = []
    if patient.needs_interpreter:
        language = chart.concept(patient.language)
        heed.append({"value": f"needs an interpreter{f' ({language})' if language else ''}"})
    for contact in contacts:
        if contact.kind == "phone":
            heed.append(
                {"label": contact.use or "phone", "value": contact.value, "phone": contact.value_key or contact.value}
            )
            break
    for line_ in chart.lines("flag"):
        if line_.row.get("status") == "active":
            heed.append({"value": chart.concept(line_.row["code"]).rstrip(". ")})
    return {"name": patient.display_name or "Name unknown", "called": "", "line": line, "heed": heed}


def medicines(chart: Chart, listed: ListNow, now: int) -> dict[str, Any]:
    """Medicines across prescribers: what is ordered, filled or said to be taken, when it runs out.

    One row a line of the medicines list, so that both pages count alike; a fill without an order stands there too.
    """
    lines = {
        (table, int(said["id"])): line
        for table in ("medication_request", "medication_statement", "medication_dispense")
        for line in chart.lines(table)
        for said in line.said_by
    }
    rows = []
    for one in listed.current:
        found = {id(lines[fact.key]): lines[fact.key] for fact in one.every if fact.key in lines}.values()
        ordered = [line for line in found if line.table != "medication_dispense" and _is_taken(line)]
        fill = one.last(FILLED)
        rows.append(_medicine(chart, one.name, ordered, lines.get(fill.key) if fill else None, now))
    prescribers = {row["prescriber"] for row in rows if row["prescriber"] != "not said"}
    stopped = [
        chip(chart, line)
        for line in chart.lines("medication_request")
        if line.row.get("status") in ("stopped", "cancelled", "ended")
    ]
    return {
        "rows": rows,
        "title": f"Medicines from {wording.count_words(len(prescribers), 'prescriber')}"
        if prescribers
        else "Medicines",
        "caption": wording.count_words(len(rows), "medicine"),
        "stopped": stopped[:12],
    }


def _is_taken(line: Line) -> bool:
    return line.row.get("status") in ("active", "on-hold") and not line.row.get("do_not_perform")


def _medicine(chart: Chart, name: str, lines: list[Line], fill: Line | None, now: int) -> dict[str, Any]:
    lead = lines[0].row if lines else {}
    prescribers = [line.row.get("prescriber_name") or chart.name(line.row.get("prescriber_id")) for line in lines]
    named = list(dict.fromkeys(name for name in prescribers if name))
    sigs = list(dict.fromkeys(line.row["sig"] for line in lines if line.row.get("sig")))
    runs_out, is_late, fill_chip = "cannot tell: no fill on record", False, None
    if fill is not None:
        amount = quantity(fill.row, "supply")
        fill_chip = chip(chart, fill, ", ".join(part for part in (when(fill.row, "filled", now), amount) if part))
        filled, days = fill.row.get("filled_from_day"), fill.row.get("days_supply")
        runs_out = "cannot tell: days not said"
        if filled is not None and days:
            runs_out = wording.day_words(filled + days, now=now)
            is_late = filled + days <= now + 3
    reason = chart.concept(lead.get("reason"))
    return {
        "name": name,
        "how": sigs,
        "differs": len(sigs) > 1,
        "reason": reason or "not said",
        "prescriber": "; ".join(named) or "not said",
        "chips": [chip(chart, line, when(line.row, "authored", now) or "on the list") for line in lines[:3]],
        "fill": fill_chip,
        "runs_out": runs_out,
        "is_late": is_late,
        "refills": "not said" if lead.get("refills") is None else str(lead["refills"]),
    }


def allergies(chart: Chart) -> dict[str, Any]:
    """Allergies; no facts is not "no"."""
    lines = chart.lines("allergy")
    real = [
        line
        for line in lines
        if not line.row.get("is_none_known") and line.row.get("clinical_status") in (None, "active")
    ]
    return {
        "chips": [chip(chart, line, _allergy(chart, line)) for line in real[:SHOWN]],
        "more": [chip(chart, line, _allergy(chart, line)) for line in real[SHOWN:]],
        "none_known": [chip(chart, line, "No known allergies") for line in lines if line.row.get("is_none_known")],
        "is_unknown": not lines,
    }


def _allergy(chart: Chart, line: Line) -> str:
    reaction = chart.concept(line.row.get("reaction"))
    return chart.concept(line.row["code"]) + (f": {reaction}" if reaction else "")


def results(chart: Chart, now: int) -> list[dict[str, Any]]:
    """The newest value of each test, with its range and the value before."""
    series: dict[str, list[Line]] = defaultdict(list)
    for line in chart.lines("observation"):
        kind = chart.concept(line.row.get("category"))
        if value(line.row, chart.concept) and (
            not kind or kind.lower().replace(" ", "-") in ("laboratory", "vital-signs")
        ):
            series[chart.concept(line.row["code"])].append(line)
    shown = []
    for name, lines in series.items():
        lead = lines[0]
        before = next((value(line.row, chart.concept) for line in lines[1:]), "")
        note = ", ".join(part for part in (normal(lead.row), f"was {before}" if before else "") if part)
        shown.append(
            {
                "name": name,
                "value": value(lead.row, chart.concept),
                "note": note,
                "flag": _flag(lead.row, chart.concept(lead.row.get("interpretation"))),
                "status": ""
                if lead.row.get("status") in ("final", "corrected", "amended")
                else lead.row.get("status") or "",
                "chip": chip(chart, lead, when(lead.row, "taken", now)),
            }
        )
    return _blood_pressure(shown)


def _blood_pressure(shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The two pressures of one measurement as people write them: 128/74 mmHg."""
    upper, lower = (
        next((one for one in shown if one["name"].lower() == f"{which} blood pressure"), None)
        for which in ("systolic", "diastolic")
    )
    if upper is None or lower is None or upper["chip"]["text"] != lower["chip"]["text"]:
        return shown
    (above, _, unit), (below, _, same) = (one["value"].partition(" ") for one in (upper, lower))
    if unit != same or upper["flag"] or lower["flag"] or upper["status"] or lower["status"]:
        return shown
    notes = [f"{which} {one['note']}" for which, one in (("upper", upper), ("lower", lower)) if one["note"]]
    both = upper | {"name": "Blood pressure", "value": f"{above}/{below} {unit}".strip(), "note": "; ".join(notes)}
    place = min(shown.index(upper), shown.index(lower))
    rest = [one for one in shown if one is not upper and one is not lower]
    return [*rest[:place], both, *rest[place:]]


def _flag(row: dict[str, Any], words: str) -> str:
    """Out of its own range, in a word; else what the laboratory said of it."""
    number, low, high = row.get("value_micro"), row.get("low_micro"), row.get("high_micro")
    if number is not None and row.get("comparator") is None:
        if high is not None and number > high:
            return "High"
        if low is not None and number < low:
            return "Low"
    return "" if words.lower() in ("", "normal", "n") else words


def visits(chart: Chart, now: int) -> list[dict[str, Any]]:
    """Visits and stays so far, newest first."""
    past = [line for line in chart.lines("encounter") if line.day is None or line.day <= now]
    return [_dated(chart, line, now) for line in past]


def coverage(chart: Chart, now: int) -> dict[str, Any]:
    """Who pays, and what was billed."""
    plans = []
    for line in chart.lines("coverage"):
        end = line.row.get("end_to_day")
        if line.row.get("status") == "active" and (end is None or end >= now):
            named = (
                line.row.get("payor_name")
                or chart.name(line.row.get("payor_id"))
                or chart.concept(line.row.get("code"))
            )
            until = f"until {wording.day_words(end, now=now)}" if end is not None else "no end date given"
            plans.append({"name": named or "Plan not named", "note": until, "chip": chip(chart, line, "Coverage")})
    bills = [
        {
            "name": fact_line(line.table, line.row, chart.concept),
            "note": f"due {wording.day_words(line.row['due_to_day'], now=now)}" if line.row.get("due_to_day") else "",
            "chip": chip(
                chart, line, when(line.row, "issued" if line.table == "invoice" else "service", now) or "no date"
            ),
        }
        for table in ("invoice", "explanation_of_benefit")
        for line in chart.lines(table)[:SHOWN]
    ]
    unlisted = sum(max(0, len(chart.lines(table)) - SHOWN) for table in ("invoice", "explanation_of_benefit"))
    return {"plans": plans, "bills": bills, "more": unlisted, "money": money}


def team(chart: Chart, lead: str) -> list[dict[str, str]]:
    """The people around her care, one line each."""
    members: dict[str, dict[str, str]] = {}
    if lead:
        members[lead] = {"name": lead, "part": "first person to call here", "source": "This installation"}
    for line in chart.lines("care_team_member"):
        name = line.row.get("member_name") or chart.name(line.row.get("member_id"))
        if name and line.row.get("status") in (None, "active", "proposed") and name != chart.patient.display_name:
            source = chart.source_label(line.row["source_id"])
            members.setdefault(name, {"name": name, "part": chart.concept(line.row.get("role")), "source": source})
    return list(members.values())


def plans(chart: Chart, now: int) -> list[dict[str, Any]]:
    """Care plans in force, and goals."""
    shown = []
    for table, time in (("goal", "start"), ("care_plan", "start")):
        for line in chart.lines(table):
            if line.row.get("status") in (None, "active", "proposed", "accepted", "planned", "on-hold"):
                words = line.row.get("description") or line.row.get("title") or chart.concept(line.row.get("code"))
                shown.append(
                    {
                        "name": words or ("Goal" if table == "goal" else "Care plan"),
                        "note": line.row.get("achievement") or "",
                        "chip": chip(chart, line, when(line.row, time, now) or "no date"),
                    }
                )
    return shown


def who(chart: Chart, contacts: list[Any]) -> dict[str, Any]:
    """Language, how to reach her, and who else is there."""
    phones = [contact for contact in contacts if contact.kind == "phone"]
    addresses = list(dict.fromkeys(contact.value for contact in contacts if contact.kind == "address"))
    people = [
        {
            "name": line.row.get("name") or "Name not given",
            "part": chart.concept(line.row.get("relationship")),
            "phone": line.row.get("phone") or "",
        }
        for line in chart.lines("related_person")
        if line.row.get("is_active") != 0
    ]
    seen: dict[str, Any] = {}
    for contact in phones:
        seen.setdefault(contact.value_key or contact.value, contact)
    return {
        "language": chart.concept(chart.patient.language),
        "phones": [{"value": contact.value, "use": contact.use, "key": key} for key, contact in seen.items()],
        "addresses": addresses[:2],
        "people": people,
    }


def history(chart: Chart, now: int, *, limit: int = 12) -> list[dict[str, Any]]:
    """What happened, newest first: visits, procedures, vaccines, contacts, documents."""
    lines = [
        line
        for table in ("encounter", "procedure", "immunization", "communication")
        for line in chart.lines(table)[:limit]
        if line.day is not None and line.day <= now
    ]
    lines.sort(key=lambda line: (-(line.day or 0), line.table, line.id))
    return [_dated(chart, line, now) for line in lines[:limit]]


def _dated(chart: Chart, line: Line, now: int) -> dict[str, Any]:
    from_table = {"encounter": "start"}.get(line.table)
    time = from_table or {"procedure": "done", "immunization": "given", "communication": "sent"}[line.table]
    return {
        "date_iso": wording.iso(line.row.get(f"{time}_from_day")),
        "when": when(line.row, time, now) or "No date",
        "words": fact_line(line.table, line.row, chart.concept),
        "tone": "",
        "chips": [chip(chart, line, "Who said so")],
    }

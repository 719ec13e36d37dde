"""One fact in one line of plain words: what it is, how much with its unit, and when.

Used for chips, the history and provenance; a fact's words come from its stated columns alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from beforehand.clinical.tables import ALL
from beforehand.clinical.times import show_range, show_time

Row = Mapping[str, Any]
Names = Callable[[int | None], str]

TABLES = {
    "patient_record": "Person",
    "related_person": "Family or contact",
    "care_team_member": "Care team",
    "medication_request": "Prescription",
    "medication_statement": "Medicine taken",
    "medication_dispense": "Fill",
    "medication_administration": "Medicine given",
    "immunization": "Vaccine",
    "observation": "Result",
    "diagnostic_report": "Report",
    "document_reference": "Document",
    "questionnaire_response": "Questionnaire",
    "questionnaire_answer": "Answer",
    "encounter": "Visit or stay",
    "episode_of_care": "Episode of care",
    "service_request": "Order",
    "device_request": "Device order",
    "nutrition_order": "Diet order",
    "care_plan": "Care plan",
    "communication": "Contact",
    "coverage_eligibility_response": "Coverage check",
    "claim_response": "Plan answer",
    "explanation_of_benefit": "Plan statement",
    "benefit_item": "Line of a plan statement",
    "benefit_balance": "Plan limit",
    "communication_recipient": "Sent to",
    "charge_item": "Charge",
    "invoice": "Bill",
}
_CLASSES = {
    "IMP": "Hospital stay",
    "ACUTE": "Hospital stay",
    "EMER": "Emergency visit",
    "AMB": "Visit",
    "VR": "Remote visit",
    "HH": "Home visit",
}


def table_words(table: str) -> str:
    """The kind of fact as people call it."""
    return TABLES.get(table, table.replace("_", " ").capitalize())


_UNITS = {
    "1": "",
    "{score}": "",
    "mm[Hg]": "mmHg",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "mL/min/1.73.m2": "mL/min/1.73 m²",
    "kg/m2": "kg/m²",
    "Cel": "°C",
    "[degF]": "°F",
    "[lb_av]": "lb",
    "[in_i]": "in",
}


def unit_words(unit: str) -> str:
    """A UCUM unit as people write it."""
    return _UNITS.get(unit, unit.replace("{", "").replace("}", ""))


def plain_amount(words: str) -> str:
    """``24 mL/min/{1.73_m2}`` -> ``24 mL/min/1.73 m²``; other words stay as they are."""
    number, space, unit = words.partition(" ")
    return f"{number} {unit_words(unit)}".strip() if space and number[:1].isdigit() and "{" in unit else words


def quantity(row: Row, name: str) -> str:
    """A number with its unit, digit for digit as sent."""
    number = row.get(f"{name}_text")
    if not number:
        return ""
    unit = unit_words(row.get(f"{name}_unit") or "")
    if unit in ("tablet", "capsule", "patch", "dose", "puff") and number != "1":
        unit = "patches" if unit == "patch" else f"{unit}s"
    return f"{number}{unit}" if unit == "%" else f"{number} {unit}".strip()


def money(cents: int | None) -> str:
    """``$186.40``."""
    return "" if cents is None else f"${cents / 100:,.2f}"


def when(row: Row, name: str, today: int) -> str:
    """The day, month or year as it was said; with the time where one was given."""
    day = show_range(row.get(f"{name}_from_day"), row.get(f"{name}_to_day"), today=today)
    at, precision = row.get(f"{name}_at"), row.get(f"{name}_precision")
    if day and at is not None and precision in ("minute", "second"):
        return f"{day}, {show_time(at, row.get(f'{name}_zone') or 'Z')}"
    return day


def main_time(table: str) -> str:
    """The name of the clinical time a table is ordered by."""
    return ALL[table].by[1]


def value(row: Row, concepts: Names) -> str:
    """What a result says: number, words or coded answer."""
    number = quantity(row, "value")
    if number:
        return f"{row.get('comparator') or ''}{number}"
    if row.get("value_code"):
        return concepts(row["value_code"])
    return str(row.get("value_words") or "")


def normal(row: Row) -> str:
    """The normal range that came with a result."""
    low, high = row.get("low_text"), row.get("high_text")
    if low and high:
        return f"normal {low} to {high}"
    if low:
        return f"normal {low} or more"
    return f"normal up to {high}" if high else ""


def _observation(row: Row, concepts: Names) -> str:
    said = value(row, concepts)
    if not said:
        said = "no value sent" if row.get("absent_reason") else ""
    return " ".join(part for part in (concepts(row.get("code")), said) if part)


def _prescription(row: Row, concepts: Names) -> str:
    return ", ".join(
        part for part in (concepts(row.get("code")), row.get("sig") or "", _state(row, "active", "completed")) if part
    )


def _fill(row: Row, concepts: Names) -> str:
    days = f"{row['days_supply']} days" if row.get("days_supply") else ""
    return ", ".join(
        part for part in (concepts(row.get("code")), quantity(row, "supply"), days, _state(row, "completed")) if part
    )


def _encounter(row: Row, concepts: Names) -> str:
    kind = _CLASSES.get(row.get("class_code") or "", "")
    about = concepts(row.get("reason")) or concepts(row.get("code"))
    place = f"at {row['place_name']}" if row.get("place_name") else ""
    return " ".join(part for part in (kind or "Visit", place) if part) + (f": {about}" if about else "")


def _bill(row: Row, concepts: Names) -> str:
    amount = money(row.get("total_cents"))
    return " ".join(
        part for part in ("Bill", amount, f"from {row['issuer_name']}" if row.get("issuer_name") else "") if part
    )


def _statement(row: Row, concepts: Names) -> str:
    if row.get("status") == "cancelled":
        return "Plan statement: taken back by the plan"
    share = money(row.get("patient_share_cents"))
    return (
        f"Plan statement: you owe {share}"
        if share
        else f"Plan statement: billed {money(row.get('billed_cents')) or 'unknown'}"
    )


def _contact(row: Row, concepts: Names) -> str:
    about = concepts(row.get("topic")) or concepts(row.get("code")) or "Contact"
    reached = (
        ""
        if row.get("status") == "completed"
        else "not reached"
        if row.get("status") == "not-done"
        else row.get("status") or ""
    )
    if " " not in about:
        about = about.replace("-", " ")  # a code that came without words
    parts = (about.capitalize(), reached, (row.get("words") or "").rstrip("."))
    return ", ".join(dict.fromkeys(part for part in parts if part))


def _state(row: Row, *usual: str) -> str:
    state = row.get("status") or row.get("clinical_status") or ""
    return "" if state in usual else str(state)


_SPECIAL: dict[str, Callable[[Row, Names], str]] = {
    "observation": _observation,
    "medication_request": _prescription,
    "medication_dispense": _fill,
    "encounter": _encounter,
    "invoice": _bill,
    "explanation_of_benefit": _statement,
    "communication": _contact,
}


_BARE = {"allergy": "allerg", "care_team_member": "care team", "service_request": "referr"}


def with_its_kind(table: str, words: str) -> str:
    """``Allergy: Penicillin G``: what the words alone do not tell, put before them; the rest as it is."""
    told = _BARE.get(table)
    if told is None or told in words.lower() or words == table_words(table):
        return words
    return f"{table_words(table)}: {words}"


def fact_line(table: str, row: Row, concepts: Names) -> str:
    """The fact in one line."""
    special = _SPECIAL.get(table)
    if special is not None:
        said = special(row, concepts)
        return said or table_words(table)
    parts = [concepts(row.get("code")) if row.get("code") else ""]
    parts += [
        str(row[name])
        for name in ("name", "title", "description", "member_name", "payor_name", "detail", "conclusion")
        if row.get(name)
    ]
    if table == "claim_response":
        parts = [f"Plan approval {row.get('decision') or row.get('outcome') or 'unknown'}"]
    if table == "patient_record":
        parts = ["The person's own entry"]
    said = ", ".join(dict.fromkeys(part for part in parts if part)) or table_words(table)
    state = _state(row, "active", "completed", "final", "finished", "confirmed", "current")
    return f"{said}, {state}" if state else said

"""The person's page: lanes that can be told apart, and one measurement of blood pressure as people write it."""

from __future__ import annotations

from typing import Any

from beforehand.doors.coordinator.present_chart import _blood_pressure
from beforehand.doors.coordinator.present_coming import _told_apart


def lane(name: str, title: str) -> dict[str, Any]:
    return {"name": name, "title": title}


def test_lanes_that_begin_alike_are_called_as_their_rules_are() -> None:
    drawn = [
        lane("Home since Fri, Nov 20; no…", "Call after the hospital"),
        lane("Home since Fri, Nov 20; a…", "Visit after the hospital"),
        lane("Rosa Álvarez came home on…", "Hospital stay the team does not know of"),
        lane("Levothyroxine runs out…", "Medicine runs out soon"),
        {"name": "Kidney clinic"},
    ]
    assert [one["name"] for one in _told_apart(drawn, "Rosa Álvarez")] == [
        "Call after the hospital",
        "Visit after the hospital",
        "Hospital stay the team…",
        "Levothyroxine runs out…",
        "Kidney clinic",
    ]


def pressure(which: str, value: str, *, day: str = "Fri, Oct 9", flag: str = "", note: str = "") -> dict[str, Any]:
    name = f"{which} blood pressure"
    return {"name": name, "value": value, "note": note, "flag": flag, "status": "", "chip": {"text": day}}


def test_two_pressures_of_one_measurement_are_one_line() -> None:
    other = {"name": "Ferritin", "value": "118 ng/mL", "note": "", "flag": "", "status": "", "chip": {"text": "x"}}
    shown = _blood_pressure(
        [pressure("Diastolic", "74 mmHg"), pressure("Systolic", "128 mmHg", note="was 131 mmHg"), other]
    )
    assert [(one["name"], one["value"]) for one in shown] == [
        ("Blood pressure", "128/74 mmHg"),
        ("Ferritin", "118 ng/mL"),
    ]
    assert shown[0]["note"] == "upper was 131 mmHg"


def test_pressures_of_two_days_or_out_of_range_stay_apart() -> None:
    for upper in (pressure("Systolic", "128 mmHg", day="Sat, Oct 10"), pressure("Systolic", "190 mmHg", flag="High")):
        assert len(_blood_pressure([pressure("Diastolic", "74 mmHg"), upper])) == 2

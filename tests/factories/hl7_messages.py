"""Invented HL7 v2 messages, as a hospital would send them."""

from __future__ import annotations

from datetime import datetime, timedelta

NOW = datetime(2026, 11, 20, 9, 30)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S")


def header(kind: str, number: str, at: datetime, *, application: str = "ADT1", more: str = "") -> str:
    """MSH."""
    return f"MSH|^~\\&|{application}|ST BRIGID|BEFOREHAND|HOME|{_time(at)}||{kind}|{number}|P|2.5.1{more}"


def person(mrn: str = "700123", family: str = "REYES", given: str = "ANN", born: str = "19500301") -> str:
    """PID."""
    return f"PID|1||{mrn}^^^ST BRIGID^MR||{family}^{given}||{born}|F|||12 OAK ST^^SPRINGFIELD^IL^62701||2175550100"


def stay(mrn: str, **fields: str) -> str:
    """PV1 with the fields given, such as ``f44="20261120"``."""
    said = {2: "I", 3: "3W^301^1^ST BRIGID", 7: "1234567893^OKAFOR^NKECHI^^^DR", 10: "MED", 14: "7"}
    said |= {19: f"V{mrn}^^^ST BRIGID^VN"} | {int(name[1:]): value for name, value in fields.items()}
    return "PV1|1|" + "|".join(said.get(number, "") for number in range(2, max(said) + 1))


def admission(number: str, *, mrn: str = "700123", at: datetime = NOW, more: str = "", **who: str) -> bytes:
    """A01: admitted to the ward."""
    return _lines(
        header("ADT^A01^ADT_A01", number, at, more=more),
        f"EVN|A01|{_time(at)}",
        person(mrn, **who),
        stay(mrn, f44=_time(at)),
        "DG1|1||S72.001A^Fracture of neck of right femur^I10||" + _time(at) + "|A",
    )


def discharge(number: str, *, mrn: str = "700123", at: datetime = NOW, days: int = 4, **who: str) -> bytes:
    """A03: discharged home."""
    admitted = at - timedelta(days=days)
    return _lines(
        header("ADT^A03^ADT_A03", number, at),
        f"EVN|A03|{_time(at)}",
        person(mrn, **who),
        stay(mrn, f36="01", f44=_time(admitted), f45=_time(at)),
        "DG1|1||S72.001A^Fracture of neck of right femur^I10||" + _time(admitted) + "|A",
    )


def _lines(*segments: str) -> bytes:
    return ("\r".join(segments) + "\r").encode()

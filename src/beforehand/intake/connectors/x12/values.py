"""The data types of X12 as FHIR: money to the cent, days, names, addresses, numbers and codes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from beforehand.clinical.quantities import numeral
from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.x12.envelope import Segment

Fhir = dict[str, Any]
RESEND = "Ask the sender to correct it and to send it again."
NPI = "http://hl7.org/fhir/sid/us-npi"
SSN = "http://hl7.org/fhir/sid/us-ssn"
MBI = "http://hl7.org/fhir/sid/us-mbi"
EIN = "urn:oid:2.16.840.1.113883.4.4"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
NDC = "http://hl7.org/fhir/sid/ndc"
CDT = "http://www.ada.org/cdt"
REVENUE = "https://www.nubc.org/CodeSystem/RevenueCodes"
PLACE_OF_SERVICE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"
ICD10_PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
ICD9_PCS = "http://hl7.org/fhir/sid/icd-9-cm/procedure"
HL7 = "http://terminology.hl7.org/CodeSystem/"
ADJUSTMENT_REASON = "https://x12.org/codes/claim-adjustment-reason-codes"
REMARK = "https://x12.org/codes/remittance-advice-remark-codes"
STATUS_CATEGORY = "https://x12.org/codes/claim-status-category-codes"
CLAIM_STATUS = "https://x12.org/codes/claim-status-codes"
ELEMENT = "https://codesystem.x12.org/005010/"  # and the number of the data element whose codes are meant
UNREAD = "https://beforehand.example/fhir/StructureDefinition/segments-unread"

_MONEY = re.compile(r"[+-]?(?:[0-9]{1,13}(?:\.[0-9]{0,2}0*)?|\.[0-9]{1,2}0*)")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,12}(?:\.[0-9]{0,6})?|\.[0-9]{1,6})")
_DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_CPT = re.compile(r"[0-9]{4}[0-9A-Z]")
_HCPCS = re.compile(r"[A-Z][0-9]{4}")
_MBI = re.compile(r"[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9]"
                  r"[AC-HJKMNP-RT-Y]{2}[0-9]{2}")  # fmt: skip
LAST_YEAR = 2100


def logical_id(*parts: str) -> str:
    """The id that the same thing has in every file of its sender."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:40]


def kept(**elements: Any) -> Fhir:
    """An object of what says something; ``class_`` stands for class."""
    return {name.rstrip("_"): value for name, value in elements.items() if value not in (None, "", [], {})}


def folded(text: str) -> str:
    """A number or name as it is compared: capitals, one space, no dashes."""
    return " ".join(re.sub(r"[^0-9A-Za-z\u00c0-\uffff]+", " ", text).split()).upper()


# Money and numbers.


def amount(segment: Segment, element: int, component: int = 1) -> Decimal | None:
    """An amount of money; None when nothing is said, ``ItemError`` when it is no amount."""
    said = segment.text(element, component)
    if not said:
        return None
    if not _MONEY.fullmatch(said):
        raise ItemError(segment.place(element), "It is not an amount of money in dollars and cents.", RESEND)
    return Decimal(said)


def money(value: Decimal, currency: str = "USD") -> Fhir:
    """An amount as FHIR writes it, every cent of it."""
    return {"value": numeral(f"{value:.2f}"), "currency": currency}


def quantity(segment: Segment, element: int) -> Fhir | None:
    """How many; None when nothing is said."""
    said = segment.text(element)
    if not said:
        return None
    if not _NUMBER.fullmatch(said):
        raise ItemError(segment.place(element), "It is not a number.", RESEND)
    plain = format(Decimal(said), "f")
    return {"value": numeral(plain) if "." in plain else int(plain)}


# Days.


def day(said: str, place: str) -> str | None:
    """A day (CCYYMMDD, with or without a time after it) as FHIR writes it; None when nothing is said."""
    if not said or not said.strip("0"):
        return None
    found = _DAY.match(said[:8])
    try:
        if found is None or not (len(said) == 8 or said[8:].isdigit()):
            raise ValueError
        read = date(*map(int, found.groups()))
    except ValueError:
        raise ItemError(place, "It is not a day as X12 writes it, such as 20260131.", RESEND) from None
    return read.isoformat() if read.year < LAST_YEAR else None  # 99991231 and the like stand for no end


def span(segment: Segment, kind: int, value: int) -> tuple[str | None, str | None]:
    """The first and the last day that a date segment with a format (D8, RD8, DT) states."""
    said = segment.text(value)
    if segment.text(kind).upper() == "RD8":
        first, sign, last = said.partition("-")
        if not sign:
            raise ItemError(segment.place(value), "It is not a span of days such as 20260101-20260131.", RESEND)
        return day(first, segment.place(value)), day(last, segment.place(value))
    one = day(said, segment.place(value))
    return one, one


def period(first: str | None, last: str | None) -> Fhir:
    """A span as FHIR writes it."""
    return kept(start=first, end=last)


def joined(spans: Iterable[tuple[str | None, str | None]]) -> tuple[str | None, str | None]:
    """The first and the last day of several spans."""
    every = list(spans)
    firsts, lasts = [one for one, _ in every if one], [one for _, one in every if one]
    return min(firsts, default=None), max(lasts, default=None)


def serviced(first: str | None, last: str | None) -> Fhir:
    """When a line was: one day, or a span."""
    if first and (last is None or first == last):
        return {"servicedDate": first}
    return {"servicedPeriod": period(first, last)} if first or last else {}


# Codes.


def coding(system: str, code: str, display: str = "") -> Fhir:
    """A coding; the words are ours, never the list's own."""
    return kept(system=system, code=code, display=display)


def coded(*codings: Fhir, text: str = "") -> Fhir:
    """A coded meaning."""
    return kept(coding=[one for one in codings if one.get("code")], text=text)


def procedure_coding(qualifier: str, code: str) -> Fhir:
    """The code of a service by the qualifier before it: HC, NU, N4, AD, ER ..."""
    code = code.upper()
    if qualifier == "NU":
        return coding(REVENUE, code.rjust(4, "0"))
    if qualifier == "N4":
        return coding(NDC, code.replace("-", ""))
    if qualifier == "AD":
        return coding(CDT, code)
    if qualifier in ("HC", "HP", "WK", ""):
        system = HCPCS if _HCPCS.fullmatch(code) else CPT if _CPT.fullmatch(code) else ""
        return coding(system or f"{ELEMENT}235/HC", code)
    return coding(f"{ELEMENT}235/{quote(qualifier, safe='')}", code)


def procedure(segment: Segment, element: int) -> tuple[Fhir, list[Fhir], str]:
    """A composite medical procedure: its code, its modifiers and the qualifier of the code."""
    parts = segment.components(element)
    if len(parts) < 2 or not parts[1]:
        return {}, [], parts[0].upper()
    system = HCPCS  # modifiers of two letters; those of CPT are numbers
    modifiers = [coded(coding(CPT if part[:2].isdigit() else system, part.upper())) for part in parts[2:6] if part]
    return (
        coded(procedure_coding(parts[0].upper(), parts[1]), text=parts[6] if len(parts) > 6 else ""),
        modifiers,
        (parts[0].upper()),
    )


def icd_coding(code: str, is_tenth: bool, is_procedure: bool = False) -> Fhir:
    """A diagnosis or procedure of ICD, with the point that X12 leaves out."""
    code = code.upper().replace(".", "")
    if is_procedure:
        return coding(ICD10_PCS if is_tenth else ICD9_PCS, code if is_tenth else _pointed(code, 2))
    return coding(ICD10 if is_tenth else ICD9, _pointed(code, 4 if not is_tenth and code[:1] == "E" else 3))


def _pointed(code: str, at: int) -> str:
    return f"{code[:at]}.{code[at:]}" if len(code) > at else code


# Names and numbers of people and organizations.


def human_name(segment: Segment) -> Fhir:
    """The name in an NM1 of a person."""
    given = [word for word in (segment.text(4), segment.text(5)) if word]
    return kept(
        family=segment.text(3),
        given=given,
        prefix=[segment.text(6)] if segment.text(6) else [],
        suffix=[segment.text(7)] if segment.text(7) else [],
    )


def full_name(segment: Segment) -> str:
    """The name in an NM1 on one line, of a person or an organization."""
    if segment.text(2) != "1":
        return segment.text(3)
    parts = (segment.text(6), segment.text(4), segment.text(5), segment.text(3), segment.text(7))
    return " ".join(part for part in parts if part)


def address(segments: Iterable[Segment]) -> Fhir:
    """The address in an N3 and N4."""
    found: Fhir = {}
    for segment in segments:
        if segment.name == "N3":
            found["line"] = [line for line in (segment.text(1), segment.text(2)) if line]
        elif segment.name == "N4":
            found |= kept(city=segment.text(1), state=segment.text(2), postalCode=_zip(segment.text(3)),
                          country=segment.text(4))  # fmt: skip
    return {name: value for name, value in found.items() if value}


def _zip(code: str) -> str:
    if len(code) == 9 and code.isdigit():
        return code[:5] if code.endswith("0000") else f"{code[:5]}-{code[5:]}"
    return code


_TELECOM = {"TE": ("phone", None), "HP": ("phone", "home"), "WP": ("phone", "work"), "CP": ("phone", "mobile"),
            "AP": ("phone", None), "EM": ("email", None), "FX": ("fax", None)}  # fmt: skip


def telecoms(segment: Segment) -> list[Fhir]:
    """The phones and addresses in a PER."""
    found = []
    for element in (3, 5, 7):
        kind = _TELECOM.get(segment.text(element).upper())
        if kind and segment.text(element + 1):
            found.append(kept(system=kind[0], value=segment.text(element + 1), use=kind[1]))
    return found


def authority(kind: str, number: str) -> str:
    """The system of numbers that a payer, employer or provider gives out, by what it is known as."""
    return f"urn:x12:{kind}:{quote(folded(number), safe='')}" if folded(number) else ""


def identifier(system: str, value: str, type_: str = "") -> Fhir:
    """An identifier with the type of HL7's table 0203 where it has one."""
    return kept(system=system, value=value, type=coded(coding(f"{HL7}v2-0203", type_)) if type_ else None)


def member_system(payer: str, number: str, filing: str) -> tuple[str, str]:
    """The system and the type of a member's number: Medicare's own where it is one, else the payer's."""
    if filing in ("MA", "MB") and _MBI.fullmatch(number.replace("-", "").upper()):
        return MBI, "MC"
    return payer, "MB"


def number_of(segment: Segment) -> Fhir | None:
    """The number of a professional or organization in an NM1 (08, 09) or N1 (03, 04)."""
    at = 8 if segment.name == "NM1" else 3
    kind, value = segment.text(at).upper(), segment.text(at + 1)
    if not value:
        return None
    if kind == "XX":
        return identifier(NPI, value, "NPI")
    if kind in ("24", "FI", "EI"):
        return identifier(EIN, value, "TAX")
    if kind == "34":
        return identifier(SSN, value, "SS")
    return identifier(f"urn:x12:{quote(kind, safe='')}" if kind else "", value)

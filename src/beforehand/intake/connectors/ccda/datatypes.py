"""The data types of HL7 v3 as elements of FHIR: times, quantities, codes, identifiers, names, addresses, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from beforehand.clinical.code_system_names import uri_of_mnemonic, uri_of_namespace, uri_of_oid, uri_of_root
from beforehand.clinical.codes import SYSTEM_TYPES, token_of
from beforehand.clinical.quantities import Number, QuantityError, numeral, read_number
from beforehand.intake.connectors.xml import Element

V3 = "{urn:hl7-org:v3}"
_PREFIXES = {"sdtc": "{urn:hl7-org:sdtc}"}
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
UCUM = "http://unitsofmeasure.org"
_TIME = re.compile(
    r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:\.[0-9]{1,9})?)?)?)?)?)?"
    r"([+-][0-9]{4})?"
)
_FHIR_TIME = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:T[0-9:.]{5,18}(?:Z|[+-][0-9]{2}:[0-9]{2})?)?)?")
_NEVER_ENDS = "9999"
_SCHEMES = {"tel": "phone", "mailto": "email", "fax": "fax", "http": "url", "https": "url", "sms": "sms"}
_USES = {"HP": "home", "H": "home", "HV": "home", "WP": "work", "DIR": "work", "PUB": "work", "MC": "mobile"}
_PLACE_USES = {"HP": "home", "H": "home", "HV": "home", "WP": "work", "TMP": "temp", "BAD": "old", "OLD": "old"}
_NAME_USES = {"L": "official", "C": "official", "P": "nickname", "ASGN": "usual", "A": "anonymous"}
EXAMPLE_ROOTS = "2.16.840.1.113883.19"  # the branch HL7 keeps for examples: it names no assigner


class UnreadableError(Exception):
    """A part of an entry that cannot be read: the element, why, and what to do. Never its value."""

    def __init__(self, element: str, reason: str, remedy: str = "Ask the sender to correct it.") -> None:
        super().__init__(reason)
        self.element = element
        self.reason = reason
        self.remedy = remedy


@lru_cache(maxsize=1_024)
def _path(path: str) -> str:
    steps = []
    for step in path.split("/"):
        prefix, colon, name = step.partition(":")
        steps.append(_PREFIXES[prefix] + name if colon else V3 + step)
    return "/".join(steps)


def child(element: Element | None, path: str) -> Element | None:
    """The first element at the path below."""
    return None if element is None else element.find(_path(path))


def children(element: Element | None, path: str) -> list[Element]:
    """Every element at the path below."""
    return [] if element is None else element.findall(_path(path))


def attribute(element: Element | None, path: str, name: str) -> str:
    """An attribute of the first element at the path, stripped; empty where there is none."""
    found = child(element, path) if path else element
    return "" if found is None else (found.get(name) or "").strip()


def name_of(element: Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def is_null(element: Element | None) -> bool:
    """Whether it is missing, or says that it is."""
    return element is None or element.get("nullFlavor") is not None


def templates_of(element: Element) -> frozenset[str]:
    """The roots of the templates that an element says it follows."""
    return frozenset((found.get("root") or "").strip() for found in element.findall(V3 + "templateId"))


def type_of(element: Element) -> str:
    """The data type said by ``xsi:type``, such as PQ or IVL_TS; inferred from the attributes where it is not said."""
    said = (element.get(XSI_TYPE) or "").rpartition(":")[2]
    if said:
        return said
    if element.get("code") is not None or element.get("codeSystem") is not None:
        return "CD"
    if element.get("unit") is not None:
        return "PQ"
    if element.find(V3 + "low") is not None or element.find(V3 + "high") is not None:
        return "IVL_PQ"
    return "ST"


def words_in(element: Element | None) -> str:
    """The text inside an element, with white space folded."""
    return "" if element is None else " ".join("".join(map(str, element.itertext())).split())


# Times.


@lru_cache(maxsize=16_384)
def _time(text: str) -> str | None:
    form = _TIME.fullmatch(text)
    if form is None:
        return text if _FHIR_TIME.fullmatch(text) else None
    year, month, day, hour, minute, second, zone = form.groups()
    if month is None or month == "00":
        return year
    if day is None or day == "00":
        return f"{year}-{month}"
    if minute is None:  # a day, or an hour alone, which FHIR cannot say: no finer than the day
        return f"{year}-{month}-{day}"
    clock = f"{hour}:{minute}" if second is None else f"{hour}:{minute}:{second}"
    return f"{year}-{month}-{day}T{clock}{zone[:3] + ':' + zone[3:] if zone else ''}"


def time_of(element: Element | None, what: str) -> str | None:
    """A TS as a FHIR date or time, no finer and no coarser than was said; nothing where it is null or never."""
    if element is None:
        return None
    text = (element.get("value") or "").strip()
    if not text or text.startswith(_NEVER_ENDS):
        return None
    read = _time(text)
    if read is None:
        raise UnreadableError(what, "It is not a date or time of HL7, such as 20240305 or 20240305143000-0500.")
    return read


def period_of(element: Element | None, what: str) -> dict[str, str]:
    """The start and end of an IVL_TS; both the same for a single time."""
    if element is None:
        return {}
    point = time_of(element, what) or time_of(child(element, "center"), what)
    if point is not None:
        return {"start": point, "end": point}
    period = {}
    start = time_of(child(element, "low"), what)
    end = time_of(child(element, "high"), what)
    if start is not None:
        period["start"] = start
        width = child(element, "width")
        if end is None and width is not None:
            end = _after(start, width)
    if end is not None:
        period["end"] = end
    return period


def _after(start: str, width: Element) -> str | None:
    """The day at which a time of so many days or weeks ends."""
    days = {"d": 1, "wk": 7}.get(width.get("unit") or "")
    try:
        return (
            date.fromisoformat(start[:10]) + timedelta(days=int(width.get("value") or "") * (days or 0))
        ).isoformat()
    except (ValueError, OverflowError):
        return None


def when(element: Element | None, stem: str) -> dict[str, Any]:
    """``stemDateTime`` of a single time, or ``stemPeriod``; nothing where it is null."""
    period = period_of(element, stem)
    if not period:
        return {}
    if period.get("start") == period.get("end"):
        return {f"{stem}DateTime": period["start"]}
    return {f"{stem}Period": period}


# Numbers.


def number_of(text: str | None, what: str) -> Number:
    """A number, digit for digit."""
    plain = (text or "").strip().removeprefix("+")
    plain = f"0{plain}" if plain.startswith(".") else plain.removesuffix(".")
    if plain.isdigit():
        plain = plain.lstrip("0") or "0"
    try:
        read = read_number(plain)
    except QuantityError:
        raise UnreadableError(what, "Something else stands where a number is due.") from None
    if read.removeprefix("-").isdigit() and len(read) < 19:
        return int(read)
    return numeral(str(read))


def quantity_of(element: Element | None, what: str) -> dict[str, Any] | None:
    """A PQ as a Quantity; nothing where it is null."""
    if element is None or element.get("nullFlavor") or not (element.get("value") or "").strip():
        return None
    quantity: dict[str, Any] = {"value": number_of(element.get("value"), what)}
    unit = (element.get("unit") or "").strip()
    if unit:
        quantity |= {"unit": unit, "system": UCUM, "code": unit}
    return quantity


# Codes.


def system_of(element: Element) -> str:
    """The address of the code system that an element names by object identifier, else by name."""
    oid = (element.get("codeSystem") or "").strip()
    if oid:
        return uri_of_oid(oid)
    return uri_of_mnemonic((element.get("codeSystemName") or "").replace(" ", "")) or ""


def fits(system: str, code: str) -> bool:
    """Whether the code has the form that codes of its system have."""
    kind = SYSTEM_TYPES.get(token_of(system))
    return kind is None or kind.form.fullmatch(code) is not None


def codings_of(element: Element | None) -> Iterator[dict[str, str]]:
    """The codings of a CD: its own, then its translations."""
    if element is None:
        return
    for found in (element, *element.findall(V3 + "translation")):
        code = (found.get("code") or "").strip()
        if not code or found.get("nullFlavor"):
            continue
        coding = {"system": system_of(found), "code": code, "display": (found.get("displayName") or "").strip()}
        yield {name: value for name, value in coding.items() if value}


# Identifiers, names, addresses.


def identifier_of(element: Element) -> dict[str, Any] | None:
    """An II as an Identifier; nothing where it is null."""
    root, extension = (element.get("root") or "").strip(), (element.get("extension") or "").strip()
    if element.get("nullFlavor") or not root:
        return None
    if not extension:
        return {"system": "urn:ietf:rfc:3986", "value": uri_of_root(root)}
    authority = (element.get("assigningAuthorityName") or "").strip()
    is_example = root == EXAMPLE_ROOTS or root.startswith(EXAMPLE_ROOTS + ".")
    named = authority if is_example and authority.startswith(("http://", "https://", "urn:")) else ""
    return {"system": named or uri_of_namespace(root), "value": extension}


def identifiers_of(element: Element | None) -> list[dict[str, Any]]:
    """Every identifier stated."""
    return [found for one in children(element, "id") if (found := identifier_of(one)) is not None]


def stated_id(element: Element | None) -> tuple[str, str] | None:
    """Root and extension of the first identifier that names the thing itself; nothing where none is stated."""
    for found in children(element, "id"):
        root = (found.get("root") or "").strip()
        if root and not found.get("nullFlavor"):
            return root, (found.get("extension") or "").strip()
    return None


def names_of(elements: list[Element]) -> list[dict[str, Any]]:
    """PN or EN as HumanNames. A name to be called by, and a name of birth, are names of their own."""
    names: list[dict[str, Any]] = []
    for element in elements:
        if not is_null(element):
            names += _names(element)
    return names


def _names(element: Element) -> list[dict[str, Any]]:
    parts: dict[str, list[str]] = {"given": [], "family": [], "prefix": [], "suffix": []}
    called, born = [], []
    for part in element:
        kind, said = name_of(part), words_in(part)
        qualifier = (part.get("qualifier") or "").split()
        if kind not in parts or not said or part.get("nullFlavor"):
            continue
        if kind == "given" and "CL" in qualifier:
            called.append(said)
        elif kind == "family" and "BR" in qualifier and len(children(element, "family")) > 1:
            born.append(said)
        else:
            parts[kind].append(said)
    name: dict[str, Any] = {key: value for key, value in parts.items() if value and key != "family"}
    if parts["family"]:
        name["family"] = " ".join(parts["family"])
    if not name and (said := words_in(element)):
        name["text"] = said
    use = next((_NAME_USES[one] for one in (element.get("use") or "").split() if one in _NAME_USES), None)
    if child(element, "validTime/high") is not None and attribute(element, "validTime/high", "value"):
        use = "old"
    found = [({"use": use} if use else {}) | name] if name else []
    if called:
        found.append({"use": "nickname", "given": called, **({"family": name["family"]} if "family" in name else {})})
    if born:
        found.append({"use": "maiden", "family": " ".join(born), "given": parts["given"]})
    return found


def display_of(name: dict[str, Any]) -> str:
    """A name on one line."""
    parts = (*name.get("prefix", ()), *name.get("given", ()), name.get("family", ""), *name.get("suffix", ()))
    return " ".join(part for part in parts if part) or str(name.get("text", ""))


def addresses_of(elements: list[Element]) -> list[dict[str, Any]]:
    """AD as Addresses."""
    found = []
    for element in elements:
        if is_null(element):
            continue
        address: dict[str, Any] = {}
        lines = [said for line in children(element, "streetAddressLine") if (said := words_in(line))]
        if lines:
            address["line"] = lines
        for part in ("city", "county:district", "state", "postalCode", "country"):
            tag, _, name = part.partition(":")
            if said := words_in(child(element, tag)):
                address[name or tag] = said
        if not address and (said := words_in(element)):
            address["text"] = said
        if not address:
            continue
        use = next((_PLACE_USES[one] for one in (element.get("use") or "").split() if one in _PLACE_USES), None)
        found.append(({"use": use} if use else {}) | address)
    return found


def telecoms_of(elements: list[Element]) -> list[dict[str, str]]:
    """TEL as ContactPoints."""
    found = []
    for element in elements:
        value = (element.get("value") or "").strip()
        if not value or element.get("nullFlavor"):
            continue
        scheme, colon, rest = value.partition(":")
        kind = _SCHEMES.get(scheme.casefold()) if colon else None
        if kind is None:
            kind, rest = ("email" if "@" in value else "phone"), value
        point = {"system": kind, "value": value if kind == "url" else rest.strip()}
        use = next((_USES[one] for one in (element.get("use") or "").split() if one in _USES), None)
        if point["value"]:
            found.append(point | ({"use": use} if use else {}))
    return found

"""Readers of FHIR elements. Each names the place of a fault and never its value."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from beforehand.clinical.codes import token_of
from beforehand.clinical.fhir.contract import MappingContext, MappingError, Resource
from beforehand.clinical.quantities import (
    QuantityError,
    cents_of,
    micro_of,
    text_of,
    whole_of,
)
from beforehand.clinical.tables import ALL
from beforehand.clinical.times import NOTHING, When, WhenError, parse_when

Quantity = tuple[int | None, str | None, str | None]
NO_QUANTITY: Quantity = (None, None, None)
# Times already read. A visit's time stands in every resource of the visit.
_READ: dict[str, When] = {}
_MOST_READ = 100_000
DAYS = {"d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7}


def vocabulary(table: str, column: str = "status") -> frozenset[str]:
    """The closed vocabulary that a table states for a column."""
    return frozenset(ALL[table].column(column).values)


def status_of(r: Resource, allowed: frozenset[str], element: str = "status", *, required: bool = True) -> str | None:
    """The status word; ``MappingError`` when it is missing where required or not in the vocabulary."""
    word = r.get(element)
    if word in allowed:
        return word  # type: ignore[no-any-return]
    place = f"{r['resourceType']}.{element}"
    if word is None:
        if (assumed := _assumed_status(r, element)) in allowed:
            return assumed
        if not required:
            return None
        raise MappingError(place, "it is missing, and without it the resource cannot be trusted")
    raise MappingError(place, "the word is not one that FHIR R4 allows here", "Ask the sender for one of the R4 codes.")


def _assumed_status(r: Resource, element: str) -> str | None:
    """How a thing stands of which only updates came, as the connector that read them assumes."""
    said = extension(r.get(f"_{element}") or {}, "assumed-status")
    return str(said.get("valueCode")) if said else None


def when(r: Resource, element: str, ctx: MappingContext, place: str = "") -> When:
    """The date or time of an element; nothing when it is absent."""
    text = r.get(element)
    if text is None:
        return NOTHING
    try:
        return _READ[text]
    except (KeyError, TypeError):
        pass
    try:
        read = parse_when(text, ctx.zone)
    except WhenError as fault:
        reason = str(fault)
    except TypeError:
        reason = "something else stands where a date is due"
    else:
        if len(text) > 10 and text[-1] != "Z" and text[-6] not in "+-":
            return read  # it has no offset, so it depends on the source's home zone
        if len(_READ) > _MOST_READ:
            _READ.clear()
        _READ[text] = read
        return read
    raise MappingError(f"{place or r.get('resourceType')}.{element}", reason, "Ask the sender for a FHIR date or time.")


def period(r: Resource, element: str, ctx: MappingContext, place: str = "") -> tuple[When, When]:
    """Start and end of a Period element."""
    span = r.get(element)
    if span is None:
        return NOTHING, NOTHING
    where = f"{place or r.get('resourceType')}.{element}"
    need(span, dict, where)
    return when(span, "start", ctx, where), when(span, "end", ctx, where)


_MOMENTS: dict[str, tuple[str, ...]] = {}


def moments(r: Resource, stem: str, ctx: MappingContext) -> tuple[When, When]:
    """Start and end of ``stem[x]``: a date, dateTime or instant is both; a Period its ends; a Timing its events."""
    names = _MOMENTS.get(stem)
    if names is None:
        names = _MOMENTS[stem] = tuple(stem + suffix for suffix in ("DateTime", "Period", "Instant", "Date", "Timing"))
    if names[0] in r:
        one = when(r, names[0], ctx)
        return one, one
    if names[1] in r:
        return period(r, names[1], ctx)
    for name in names[2:4]:
        if name in r:
            one = when(r, name, ctx)
            return one, one
    timing = r.get(names[4])
    if timing is None:
        return NOTHING, NOTHING
    place = f"{r.get('resourceType')}.{stem}Timing"
    need(timing, dict, place)
    events = timing.get("event")
    if events:
        need(events, list, place + ".event")
        ends = [when({"event": event}, "event", ctx, place) for event in (events[0], events[-1])]
        return ends[0], ends[1]
    return period(timing.get("repeat") or {}, "boundsPeriod", ctx, place + ".repeat")


def latest(start: When, end: When) -> When:
    """The end where one was given, else the start."""
    return end if end.from_day is not None else start


def need(value: Any, kind: type, place: str) -> None:
    """``MappingError`` unless the value is of the kind that FHIR asks for here."""
    if type(value) is not kind:
        words = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
        raise MappingError(place, f"something else stands where {words.get(kind, 'a number')} is due")


def first(r: Resource, element: str) -> Any:
    """The first of a repeating element; nothing when there is none."""
    values = r.get(element)
    if not values:
        return None
    if type(values) is not list:
        need(values, list, f"{r.get('resourceType', '')}.{element}".lstrip("."))
    return values[0]


def words(r: Resource, element: str, place: str = "") -> str | None:
    """Text as sent; nothing when absent or empty."""
    value = r.get(element)
    if value is None or type(value) is str:
        return value or None
    raise MappingError(f"{place or r.get('resourceType', '')}.{element}", "something else stands where text is due")


def flag(r: Resource, element: str, place: str = "") -> int | None:
    """1 for true, 0 for false, nothing when not said."""
    value = r.get(element)
    if value is None:
        return None
    if value is True or value is False:
        return int(value)
    raise MappingError(f"{place or r['resourceType']}.{element}", "something else stands where true or false is due")


def quantity(r: Resource, element: str, place: str = "") -> Quantity:
    """Millionths, unit and digits of a Quantity element."""
    sent = r.get(element)
    if not sent:
        return NO_QUANTITY
    where = f"{place or r.get('resourceType')}.{element}"
    need(sent, dict, where)
    value = sent.get("value")
    if value is None:
        return NO_QUANTITY
    micro, text = number(value, where + ".value")
    return micro, unit_of(sent, where), text


def unit_of(sent: Resource, where: str) -> str | None:
    """The UCUM code of a Quantity; the unit's own words where there is none."""
    code, unit, system = sent.get("code"), sent.get("unit"), sent.get("system")
    if type(code) is str and type(unit) is str and (type(system) is str or system is None):
        return _unit(code, unit, system)
    return words(sent, "code", where) or words(sent, "unit", where)


@lru_cache(maxsize=4_096)
def _unit(code: str, unit: str, system: str | None) -> str | None:
    return (code if system is None or token_of(system) == "ucum" else unit) or code or unit or None


def number(value: Any, place: str) -> tuple[int, str]:
    """Millionths and digits of a number."""
    try:
        return micro_of(value), text_of(value)
    except QuantityError as fault:
        raise MappingError(place, str(fault)) from None


def whole(r: Resource, element: str, place: str) -> int | None:
    """A whole number; nothing when absent."""
    value = r.get(element)
    if value is None:
        return None
    if type(value) is not int or not -(2**63) < value < 2**63:
        raise MappingError(f"{place}.{element}", "something else stands where a whole number is due")
    return value


def duration_days(r: Resource, element: str, place: str) -> int | None:
    """Whole days of a Duration in days or weeks; nothing for other units, which have no fixed number of days."""
    sent = r.get(element)
    if not sent:
        return None
    where = f"{place}.{element}"
    need(sent, dict, where)
    value = sent.get("value")
    unit = unit_of(sent, where)
    days = 1 if unit is None else DAYS.get(unit.casefold())
    if value is None or days is None:
        return None
    try:
        count = whole_of(value)
    except QuantityError as fault:
        raise MappingError(where + ".value", str(fault)) from None
    return None if count is None else count * days


def cents(money: Any, place: str) -> int | None:
    """US cents of a Money; nothing when absent, without a value, or in another currency."""
    if money is None:
        return None
    if type(money) is not dict:
        need(money, dict, place)
    value = money.get("value")
    if value is None or money.get("currency", "USD") != "USD":
        return None
    try:
        return cents_of(value)
    except QuantityError as fault:
        raise MappingError(place + ".value", str(fault)) from None


def codings(codeable: Any) -> list[Resource]:
    """The codings of a CodeableConcept; none when it is absent."""
    return codeable.get("coding") or [] if codeable else []


def code_in(codeable: Any) -> str | None:
    """The first code of a CodeableConcept, whatever its system; its words where it has no code."""
    if not codeable:
        return None
    for coding in codeable.get("coding") or ():
        code = coding.get("code")
        if code:
            return str(code)
    return words(codeable, "text", "CodeableConcept")


def label_of(codeable: Any) -> str | None:
    """The words of a CodeableConcept: its text, else its first display."""
    if not codeable:
        return None
    text = words(codeable, "text", "CodeableConcept")
    if text:
        return text
    for coding in codeable.get("coding") or ():
        if coding.get("display"):
            return words(coding, "display", "Coding")
    return None


def of_coding(ctx: MappingContext, coding: Any) -> int | None:
    """The concept of a plain Coding."""
    return ctx.concept({"coding": [coding]}) if coding else None


def type_in(reference: Any) -> str:
    """The resource type a reference names; empty when it does not say (a bundle-local address, an identifier)."""
    if not reference:
        return ""
    said = reference.get("type")
    if said:
        return str(said).rpartition("/")[2]
    address = reference.get("reference")
    if not isinstance(address, str):
        return ""
    path = address.partition("?")[0].split("/_history/")[0]
    parts = path.split("/")
    if "?" in address:
        return parts[-1]
    return parts[-2] if len(parts) > 1 and not address.startswith("#") else ""


def contained(r: Resource, reference: Any) -> Resource | None:
    """The contained resource that ``#id`` names."""
    address = reference.get("reference") if reference else None
    if type(address) is not str or not address.startswith("#"):
        return None
    for inner in r.get("contained") or ():
        if inner.get("id") == address[1:]:
            return inner  # type: ignore[no-any-return]
    return None


def name_in(r: Resource, reference: Any) -> str | None:
    """How a reference is called: its display, else the name of the contained resource, else its identifier."""
    if not reference:
        return None
    said = words(reference, "display", "Reference")
    if said:
        return said
    inner = contained(r, reference)
    if inner is not None:
        name = inner.get("name")
        return name if isinstance(name, str) else full_name(first(inner, "name"))
    identifier = reference.get("identifier")
    return words(identifier, "value", "Reference.identifier") if identifier else None


def full_name(name: Any) -> str | None:
    """A human name on one line, as sent."""
    if not name:
        return None
    text = words(name, "text", "HumanName")
    if text:
        return text
    parts = [*(name.get("prefix") or ()), *(name.get("given") or ()), name.get("family"), *(name.get("suffix") or ())]
    return " ".join(part for part in parts if part) or None


def one_line(address: Any) -> str | None:
    """An address on one line."""
    if not address:
        return None
    text = words(address, "text", "Address")
    if text:
        return text
    city = " ".join(part for part in (address.get("state"), address.get("postalCode")) if part)
    parts = [*(address.get("line") or ()), address.get("city"), city, address.get("country")]
    return ", ".join(part for part in parts if part) or None


def phone_in(r: Resource) -> str | None:
    """The first telephone of a resource."""
    for contact in r.get("telecom") or ():
        if contact.get("system") in ("phone", "sms") and contact.get("value"):
            return words(contact, "value", "ContactPoint")
    return None


def npi_in(r: Resource) -> str | None:
    """The national provider identifier."""
    for identifier in r.get("identifier") or ():
        if identifier.get("system") in ("http://hl7.org/fhir/sid/us-npi", "urn:oid:2.16.840.1.113883.4.6"):
            return words(identifier, "value", "Identifier")
    return None


def extension(r: Resource, *endings: str) -> Resource | None:
    """The extension whose address ends in one of the given words."""
    for sent in r.get("extension") or ():
        if sent.get("url", "").rpartition("/")[2] in endings:
            return sent  # type: ignore[no-any-return]
    return None


def modifier(r: Resource, ending: str) -> Resource | None:
    """The modifier extension whose address ends in the given word."""
    for sent in r.get("modifierExtension") or ():
        if sent.get("url", "").rpartition("/")[2] == ending:
            return sent  # type: ignore[no-any-return]
    return None


# Where QI-Core and FHIR say why something was not done, not ordered or no longer is.
_WHY_NOT = ("qicore-notDoneReason", "qicore-doNotPerformReason", "qicore-reasonRefused", "request-statusReason")


def not_done_reason(r: Resource) -> Any:
    """The reason that an extension gives for what was not done or not ordered; nothing when none is given."""
    said = extension(r, *_WHY_NOT)
    return said.get("valueCodeableConcept") if said else None


def patient_in(r: Resource, element: str) -> Resource:
    """The reference to whom a resource is about; ``MappingError`` when it names nobody."""
    subject = r.get(element)
    if subject and (subject.get("reference") or subject.get("identifier")):
        return subject  # type: ignore[no-any-return]
    raise MappingError(
        f"{r['resourceType']}.{element}",
        "it does not say which patient it is about",
        "Ask the sender to name the patient by reference or identifier.",
    )

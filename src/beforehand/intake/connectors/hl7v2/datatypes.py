"""HL7 v2's compound data types as FHIR's: names, addresses, phones, identifiers, codes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from beforehand.clinical.code_system_names import uri_of_mnemonic, uri_of_namespace, uri_of_oid
from beforehand.clinical.quantities import Number, QuantityError, numeral, read_number
from beforehand.intake.connectors.hl7v2 import words as said_as
from beforehand.intake.connectors.hl7v2.grammar import Part

Fhir = dict[str, Any]
TYPE = "http://terminology.hl7.org/CodeSystem/v2-"
NPI = "http://hl7.org/fhir/sid/us-npi"
SSN = "http://hl7.org/fhir/sid/us-ssn"
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
LONGEST_NUMBER = 60
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_BARRED = re.compile(r"[\x00-\x1f\x7f]")


def kept(**parts: Any) -> Fhir:
    """The object of the parts that say something."""
    return {name: value for name, value in parts.items() if value not in (None, "", [], {})}


@lru_cache(maxsize=4_096)
def authority_uri(namespace: str, universal: str, kind: str) -> str:
    """The system of an assigning authority: its object identifier, else an address made of its name."""
    if universal:
        if _OID.fullmatch(universal):
            return uri_of_namespace(universal)
        if kind.upper() == "UUID" or kind.upper() == "GUID":
            return f"urn:uuid:{quote(universal.lower(), safe='-')}"
        if universal.startswith(("http://", "https://", "urn:")):
            return universal
    name = namespace or universal
    if name.upper() in ("NPI", "NPIID"):
        return NPI
    if name.upper() in ("SSN", "USSSA", "SSA"):
        return SSN
    return f"urn:hl7v2:authority:{quote(name, safe='')}" if name else ""


def hierarchic(part: Part) -> str:
    """The system of an HD: namespace, universal id and its type, as components or subcomponents."""
    if "&" in part.raw or part.below(2):
        return authority_uri(part.below(1).text, part.below(2).text, part.below(3).text)
    return authority_uri(part.text, "", "")


def identifier(part: Part, default: str) -> Fhir | None:
    """A CX or XCN-like number with the system of who gave it; ``default`` stands where nobody is named."""
    value = part.words(1)
    if not value:
        return None
    kind = part.words(5).upper()
    system = SSN if kind == "SS" else NPI if kind == "NPI" else hierarchic(part.component(4)) or default
    return kept(system=system, value=_BARRED.sub("", value), type=typed(kind))


def typed(kind: str) -> Fhir | None:
    """The type of an identifier, HL7 table 0203."""
    return {"coding": [{"system": TYPE + "0203", "code": kind}]} if kind else None


def entity(part: Part, default: str) -> Fhir | None:
    """An EI, such as an order number: value, namespace, universal id, its type."""
    value = part.words(1)
    if not value:
        return None
    system = authority_uri(part.words(2), part.words(3), part.words(4)) or default
    return kept(system=system, value=_BARRED.sub("", value))


def _family(part: Part) -> str:
    return part.component(1).below(1).text


def human_name(part: Part) -> Fhir | None:
    """An XPN."""
    given = [word for word in (part.words(2), part.words(3)) if word]
    suffix = [word for word in (part.words(4), part.words(6)) if word]
    prefix = [word for word in (part.words(5),) if word]
    name = kept(
        use=said_as.NAME_USE.get(part.words(7).upper()), family=_family(part), given=given, prefix=prefix, suffix=suffix
    )
    return name if "family" in name or given else None


def address(part: Part) -> Fhir | None:
    """An XAD."""
    street = part.component(1)
    house = " ".join(word for word in (street.below(1).text, street.below(2).text) if word)
    lines = [line for line in (house, part.words(2)) if line]
    kind = part.words(7).upper()
    found = kept(
        use=said_as.ADDRESS_USE.get(kind),
        type="postal" if kind == "M" else None,
        line=lines,
        city=part.words(3),
        district=part.words(9),
        state=part.words(4),
        postalCode=part.words(5),
        country=part.words(6),
    )
    return found if found.keys() - {"use", "type"} else None


def telecom(part: Part, use: str = "") -> Fhir | None:
    """An XTN: a telephone, fax, pager or e-mail address."""
    said = part.words(2).upper()
    mail = part.words(4) or (part.words(1) if "@" in part.words(1) else "")
    if mail and (part.words(3).upper() in ("INTERNET", "X.400", "") or said == "NET" or "@" in mail):
        return kept(system="email", value=mail, use=said_as.TELECOM_USE.get(said) or use)
    value = part.words(12) or _phone(part) or part.words(1)
    if not value:
        return None
    kind = part.words(3).upper()
    return kept(
        system=said_as.TELECOM_KIND.get(kind, "phone" if not kind else "other"),
        value=value,
        use="mobile" if kind == "CP" else said_as.TELECOM_USE.get(said) or use,
    )


def _phone(part: Part) -> str:
    country, area, local, more = (part.words(number) for number in (5, 6, 7, 8))
    if not local:
        return ""
    number = f"({area}) {local}" if area else local
    number = f"+{country.lstrip('+')} {number}" if country else number
    return f"{number} ext. {more}" if more else number


def system_uri(name: str, oid: str, local: str) -> str | None:
    """The address of a coded field's system. A local system (L, 99...) is the sender's own and named so."""
    if oid and _OID.fullmatch(oid):
        return uri_of_oid(oid)
    if not name:
        return None
    return _system_uri(name, local)


@lru_cache(maxsize=4_096)
def _system_uri(name: str, local: str) -> str:
    folded = name.upper()
    if folded == "I10":
        return "http://hl7.org/fhir/sid/icd-10-cm"  # senders in the United States mean its clinical modification
    if (known := uri_of_mnemonic(name)) is not None:
        return known
    if _OID.fullmatch(name):
        return uri_of_oid(name)
    if name.startswith(("http://", "https://", "urn:")):
        return name
    if folded == "L" or folded.startswith("99") or folded == "LOCAL":
        return f"urn:hl7v2:local:{quote(local, safe='')}:{quote(folded, safe='')}"
    return f"urn:hl7v2:system:{quote(folded, safe='')}"


def coding(code: str, display: str, system: str | None) -> Fhir | None:
    """A Coding; None where there is no code."""
    return kept(system=system, code=code, display=display) if code else None


def coded(part: Part, local: str, table: str = "") -> Fhir | None:
    """A CE, CWE, CNE, CF or IS with all of its codes; ``table`` is HL7's own where the field names no system."""
    if not part:
        return None
    found = []
    said = part.raw.count(part.by.component)
    for first, oid_at in ((1, 14), (4, 17), (10, 20)):
        if said < first - 1:
            break
        code, display, name = (part.words(first + step) for step in range(3))
        system = system_uri(name, part.words(oid_at), local)
        if system is None and first == 1 and table and code:
            system = TYPE + table
        made = coding(code, display, system)
        if made is not None:
            found.append(made)
    text = part.words(9) or part.words(2) or (part.words(5) if not found else "")
    result = kept(coding=found, text=text)
    return result or None


def code_of(part: Part) -> str:
    """What tells a coded field from others: code and system, else its words."""
    return "|".join(part.words(number) for number in (1, 3)).strip("|") or part.words(2) or part.words(4)


def number_of(text: str) -> Number | None:
    """A number in the digits it was sent in; None when it is none."""
    plain = text.strip()
    if len(plain) > LONGEST_NUMBER or _NUMBER.fullmatch(plain) is None:
        return None
    sign, plain = ("-", plain[1:]) if plain[0] == "-" else ("", plain.lstrip("+"))
    whole, dot, rest = plain.partition(".")
    plain = f"{sign}{whole.lstrip('0') or '0'}{dot if rest else ''}{rest}"
    try:
        literal = read_number(plain)
    except QuantityError:
        return None
    return int(literal) if literal.lstrip("-").isdigit() and len(literal) < 18 else numeral(literal)


def unit_of(part: Part) -> Fhir:
    """The unit of a quantity: its words, and its code where the sender says that it is UCUM."""
    code, display, name = part.words(1), part.words(2), part.words(3).upper()
    if name == "UCUM":
        return kept(unit=display or code, system="http://unitsofmeasure.org", code=code)
    if part.words(6).upper() == "UCUM":
        return kept(unit=part.words(5) or part.words(4), system="http://unitsofmeasure.org", code=part.words(4))
    return kept(unit=code or display)


def quantity(value: str, unit: Fhir) -> Fhir | None:
    """A Quantity; None where the value is no number."""
    number = number_of(value)
    return None if number is None else {"value": number, **unit}


def place_name(part: Part) -> str:
    """A PL in words: facility, point of care, room and bed, as far as they are said."""
    facility = part.component(4).below(1).text
    spot = [part.component(number).below(1).text for number in (1, 2, 3)]
    return ", ".join(dict.fromkeys(word for word in (part.words(9), facility, *spot) if word))

"""Code systems as types, and the short tokens we call them by.

A LOINC code never equals a SNOMED code, whatever their letters. FHIR and HL7 v3 name the same system by several
addresses and object identifiers; all of them become one token (``loinc``, ``snomed``, ``hl7:v3-ActCode``, ...).
A system without a token keeps its address as sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from beforehand.clinical.code_system_names import HL7_OIDS, SYSTEMS

# Systems of the FHIR core itself, whose address has no CodeSystem part.
_FHIR_CORE_NAMES = (
    "administrative-gender address-use contact-point-system contact-point-use name-use observation-status"
    " encounter-status event-status request-status request-intent request-priority task-code appointmentstatus"
    " days-of-week resource-types location-status task-status task-intent goal-status publication-status"
    " quantity-comparator link-type identifier-use document-reference-status"
)
_FHIR_CORE = frozenset(_FHIR_CORE_NAMES.split())

_HL7_ROOTS = (
    "http://terminology.hl7.org/CodeSystem/",
    "https://terminology.hl7.org/CodeSystem/",
    "http://terminology.hl7.org/fhir/CodeSystem/",
)

LONGEST_SYSTEM = 500  # a longer address is no system's, and is not worth remembering
WORK_SYSTEM = "https://beforehand.example/fhir/CodeSystem/work"


def _known() -> dict[str, str]:
    known: dict[str, str] = {}
    for token, uri, others in SYSTEMS:
        for name in (uri, *others):
            known[name.casefold()] = token
            if name[0].isdigit():
                known[f"urn:oid:{name}"] = token
    for oid, name in HL7_OIDS.items():
        known[oid] = known[f"urn:oid:{oid}"] = f"hl7:{name}"
    return known


_TOKENS = _known()
_URIS = {token: uri for token, uri, _ in SYSTEMS}


def token_of(system: str) -> str:
    """Our token for a code system's address or object identifier; the address itself where we have none."""
    return _token(system) if len(system) <= LONGEST_SYSTEM else system


@lru_cache(maxsize=4_096)
def _token(system: str) -> str:
    plain = system.strip().partition("|")[0].rstrip("/")
    folded = plain.casefold()
    if (token := _TOKENS.get(folded)) is not None:
        return token
    scheme, _, rest = folded.partition("://")  # senders write http and https alike
    other = {"http": "https", "https": "http"}.get(scheme)
    if other and (token := _TOKENS.get(f"{other}://{rest}")) is not None:
        return token
    if folded.startswith("http://snomed.info/sct/"):  # an edition of SNOMED CT, such as .../731000124108/version/...
        return "snomed"
    name = _hl7_name(plain)
    return f"hl7:{name}" if name else plain


def _hl7_name(plain: str) -> str:
    """The code system's name where HL7 publishes it, else empty."""
    for root in _HL7_ROOTS:
        if plain.startswith(root):
            return plain[len(root) :].rpartition("/")[2]
    if plain.startswith(("http://hl7.org/fhir/", "https://hl7.org/fhir/")):
        path = plain.partition("/fhir/")[2]
        if path.startswith("sid/"):
            return ""
        version, _, last = path.rpartition("/")
        if version in ("v2", "v3"):  # http://hl7.org/fhir/v3/ActCode, of older releases
            return f"{version}-{last}"
        return last
    return ""


def uri_of(token: str) -> str:
    """The address to write for a token; an address comes back as it is."""
    if (uri := _URIS.get(token)) is not None:
        return uri
    if token.startswith("hl7:"):
        name = token[4:]
        return f"http://hl7.org/fhir/{name}" if name in _FHIR_CORE else f"http://terminology.hl7.org/CodeSystem/{name}"
    return token


class CodeError(ValueError):
    """A code that its system cannot contain, or a ``system:code`` that cannot be read."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code of one system. Codes of different systems are different types and never equal."""

    value: str
    token: ClassVar[str] = ""
    form: ClassVar[re.Pattern[str]] = re.compile(r"\S(?:.*\S)?", re.ASCII)

    def __post_init__(self) -> None:
        if self.form.fullmatch(self.value) is None:
            raise CodeError(f"not a code of the system {self.token or 'named'}")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Code) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return f"{self.token}:{self.value}"

    @property
    def uri(self) -> str:
        """The address of the code's system."""
        return uri_of(self.token)


def _system(name: str, token: str, form: str) -> type[Code]:
    """A type of code: its token and the form its codes have."""
    body = {
        "token": token,
        "form": re.compile(form),
        "__slots__": (),
        "__doc__": f"A code of {token}.",
        "__module__": __name__,
    }
    return type(name, (Code,), body)


Loinc = _system("Loinc", "loinc", r"(?:[0-9]{1,7}-[0-9]|L[AGLP][0-9]{1,8}-[0-9]|MTHU[0-9]+)")
Snomed = _system("Snomed", "snomed", r"[1-9][0-9]{5,17}")
Icd10cm = _system("Icd10cm", "icd10cm", r"[A-Z][0-9][0-9A-Z](?:\.?[0-9A-Z]{1,4})?")
Icd9cm = _system(
    "Icd9cm", "icd9cm", r"(?:[0-9]{3}(?:\.?[0-9]{1,2})?|V[0-9]{2}(?:\.?[0-9]{1,2})?|E[0-9]{3}(?:\.?[0-9])?)"
)
Rxnorm = _system("Rxnorm", "rxnorm", r"[1-9][0-9]{0,8}")
Ndc = _system(
    "Ndc", "ndc", r"(?:[0-9]{9,12}|[0-9]{4,5}-[0-9]{3,4}(?:-[0-9]{1,2})?|[0-9]{5}-\*?[0-9]{3,4}-\*?[0-9]{1,2})"
)
Cvx = _system("Cvx", "cvx", r"[0-9]{1,4}")
Cpt = _system("Cpt", "cpt", r"[0-9]{4}[0-9A-Z]")
Hcpcs = _system("Hcpcs", "hcpcs", r"(?:[A-Z][0-9]{4}|[0-9]{4}[0-9A-Z])")
Ucum = _system("Ucum", "ucum", r"\S+")
Work = _system("Work", "work", r"[a-z][a-z0-9-]*")

SYSTEM_TYPES: dict[str, type[Code]] = {
    kind.token: kind for kind in (Loinc, Snomed, Icd10cm, Icd9cm, Rxnorm, Ndc, Cvx, Cpt, Hcpcs, Ucum, Work)
}


@lru_cache(maxsize=512)
def _other(token: str) -> type[Code]:
    return _system("Code_" + re.sub(r"\W", "_", token), token, r"\S(?:.*\S)?")


def code_of(system: str, value: str) -> Code:
    """The typed code of a system (its token or its address); ``CodeError`` when the system cannot contain it."""
    token = token_of(system)
    return (SYSTEM_TYPES.get(token) or _other(token))(value)


def read_code(text: str) -> Code:
    """Read ``loinc:4548-4`` or ``hl7:v3-ActCode:IMP``: the code is what follows the last colon."""
    token, colon, value = text.strip().rpartition(":")
    if not colon or not token or not value:
        raise CodeError("a code is written as system:code, such as loinc:4548-4")
    return code_of(token, value)

"""Practitioner, PractitionerRole, Organization, Location, HealthcareService and Medication: what facts point to."""

from __future__ import annotations

from beforehand.clinical.fhir.contract import Mapped, MappingContext, Resource
from beforehand.clinical.fhir.elements import first, flag, full_name, npi_in, one_line, phone_in, status_of, words

MEDICATION = frozenset(("active", "inactive", "entered-in-error"))


def _active(r: Resource) -> int:
    return 0 if flag(r, "active") == 0 else 1


def map_practitioner(r: Resource, ctx: MappingContext) -> Mapped:
    """A clinician or other professional."""
    return Mapped([("practitioner", "", [full_name(first(r, "name")), phone_in(r), npi_in(r), _active(r)])])


def map_practitioner_role(r: Resource, ctx: MappingContext) -> Mapped:
    """A professional's part at an organization."""
    values = [
        ctx.ref(r.get("practitioner")),
        ctx.ref(r.get("organization")),
        ctx.concept(first(r, "code")),
        ctx.concept(first(r, "specialty")),
        phone_in(r),
        _active(r),
    ]
    return Mapped([("practitioner_role", "", values)])


def map_organization(r: Resource, ctx: MappingContext) -> Mapped:
    """A hospital, practice, payer, pharmacy or agency."""
    values = [words(r, "name"), phone_in(r), ctx.concept(first(r, "type")), npi_in(r), _active(r)]
    return Mapped([("organization", "", values)])


def map_location(r: Resource, ctx: MappingContext) -> Mapped:
    """A place where care happens."""
    name = words(r, "name") or words(r, "description")
    values = [name, phone_in(r), one_line(r.get("address")), ctx.ref(r.get("managingOrganization"))]
    return Mapped([("location", "", values)])


def map_healthcare_service(r: Resource, ctx: MappingContext) -> Mapped:
    """A service that an organization offers."""
    values = [words(r, "name"), phone_in(r), ctx.concept(first(r, "type")), ctx.ref(r.get("providedBy")), _active(r)]
    return Mapped([("healthcare_service", "", values)])


def map_medication(r: Resource, ctx: MappingContext) -> Mapped:
    """A medicine that orders and fills point to."""
    status = status_of(r, MEDICATION, required=False)
    return Mapped([("medication", "", [ctx.concept(r.get("code")), status])], None, status == "entered-in-error")

"""Reference rows: people and places that facts point to. Not facts of a patient."""

from beforehand.clinical.columns import Table, concept, flag, key, ref, text

TABLES = (
    Table(
        "practitioner",
        "Practitioner",
        "A clinician or other professional.",
        (
            text("name", "name as sent"),
            text("phone", "phone as sent"),
            key("npi", "national provider identifier"),
            flag("is_active", "1 unless said to be inactive"),
        ),
        reference=True,
    ),
    Table(
        "practitioner_role",
        "PractitionerRole",
        "A professional's part at an organization.",
        (
            ref("practitioner_id", "practitioner", "who"),
            ref("organization_id", "organization", "where"),
            concept("role", "first role"),
            concept("specialty", "first specialty"),
            text("phone", "phone as sent"),
            flag("is_active", "1 unless said to be inactive"),
        ),
        reference=True,
    ),
    Table(
        "organization",
        "Organization",
        "A hospital, practice, payer, pharmacy or agency.",
        (
            text("name", "name as sent"),
            text("phone", "phone as sent"),
            concept("code", "type"),
            key("npi", "national provider identifier"),
            flag("is_active", "1 unless said to be inactive"),
        ),
        reference=True,
    ),
    Table(
        "location",
        "Location",
        "A place where care happens.",
        (
            text("name", "name as sent"),
            text("phone", "phone as sent"),
            text("address", "address on one line"),
            ref("organization_id", "organization", "who runs it"),
        ),
        reference=True,
    ),
    Table(
        "healthcare_service",
        "HealthcareService",
        "A service that an organization offers.",
        (
            text("name", "name as sent"),
            text("phone", "phone as sent"),
            concept("code", "first type"),
            ref("organization_id", "organization", "who provides it"),
            flag("is_active", "1 unless said to be inactive"),
        ),
        reference=True,
    ),
    Table(
        "medication",
        "Medication",
        "A medicine that orders and fills point to.",
        (concept("code", "the medicine"), key("status", "active, inactive, entered-in-error")),
        reference=True,
    ),
)

"""Who the person is, who helps, and who cares for them."""

from beforehand.clinical.columns import Table, concept, flag, key, ref, status, text, when

TABLES = (
    Table(
        "patient_record",
        "Patient",
        "One source's own statement of who a person is. "
        "Names, addresses and identifiers are kept beside it, out of reach of rules.",
        (
            when("birth", "day of birth"),
            status("sex", "administrative gender", "female male other unknown"),
            key("birth_sex", "sex assigned at birth (F, M, OTH, UNK) where the source says so"),
            flag("is_active", "1 unless the source says the record is no longer in use"),
            flag("is_deceased", "1 when the source says the person has died"),
            when("deceased", "when the person died"),
            concept("language", "preferred language"),
            flag("needs_interpreter", "1 when the source says an interpreter is needed"),
            concept("marital_status", "marital status"),
            ref("general_practitioner_id", "practitioner", "the primary clinician the source names"),
        ),
        by=("", "birth"),
    ),
    Table(
        "related_person",
        "RelatedPerson",
        "A relative, friend or carer of the person.",
        (
            concept("relationship", "how they are related"),
            text("name", "their name as sent"),
            text("phone", "their phone as sent"),
            flag("is_active", "1 unless the source says the relation is no longer in use"),
            when("start", "when the relation began to matter"),
            when("end", "when it ended"),
        ),
        by=("relationship", "start"),
        same=("relationship", "name"),
    ),
    Table(
        "care_team_member",
        "CareTeam",
        "One participant of one care team.",
        (
            ref("care_team_id", "care_team", "the team it belongs to"),
            status("status", "state of the team", "proposed active suspended inactive entered-in-error"),
            concept("role", "the participant's part in the team"),
            ref("member_id", "practitioner", "the participant: practitioner, organization, relative or the person"),
            key("member_type", "FHIR type of the participant"),
            text("member_name", "display of the participant as sent"),
            when("start", "from when"),
            when("end", "until when"),
        ),
        by=("role", "start"),
    ),
    Table(
        "consent",
        "Consent",
        "A decision of the person about the use or sharing of their record.",
        (
            status("status", "state", "draft proposed active rejected inactive entered-in-error"),
            concept("scope", "what sort of consent"),
            concept("category", "finer sort"),
            key("decision", "permit or deny"),
            when("given", "when it was given"),
            when("start", "from when it holds"),
            when("end", "until when it holds"),
        ),
        by=("scope", "given"),
        same=("scope", "category", "given"),
    ),
    Table(
        "flag",
        "Flag",
        "A warning or notice about the person, such as no transport, hard of hearing, or a safety matter.",
        (
            status("status", "state", "active inactive entered-in-error"),
            concept("code", "what to heed"),
            concept("category", "kind of notice"),
            when("start", "from when"),
            when("end", "until when"),
        ),
        by=("code", "start"),
        same=("code", "start"),
    ),
)

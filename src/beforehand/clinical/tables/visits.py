"""Visits and stays that happened, and appointments that should."""

from beforehand.clinical.columns import Table, concept, flag, key, ref, status, text, when, whole

TABLES = (
    Table(
        "encounter",
        "Encounter",
        "A visit, call or stay.",
        (
            status(
                "status",
                "state",
                "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown",
            ),
            key("class_code", "AMB, EMER, IMP, ACUTE, OBSENC, VR, HH, SS, WELLNESS, URGENTCARE ... as sent"),
            concept("code", "type of visit, first one"),
            concept("reason", "why, first coded reason"),
            when("start", "when it began"),
            when("end", "when it ended"),
            concept("discharge_disposition", "where the person went"),
            concept("admit_source", "where the person came from"),
            ref("practitioner_id", "practitioner", "first participant"),
            ref("organization_id", "organization", "who provided it"),
            ref("location_id", "location", "where"),
            text("place_name", "display of the place as sent"),
            ref("part_of_id", "encounter", "the stay it is part of"),
            ref("appointment_id", "appointment", "the appointment it fulfils"),
        ),
        by=("code", "start"),
        same=("class_code", "start", "end"),
    ),
    Table(
        "episode_of_care",
        "EpisodeOfCare",
        "A stretch of care for a purpose by one organization.",
        (
            status(
                "status", "state", "planned waitlist active onhold finished cancelled entered-in-error"
            ),
            concept("code", "what sort"),
            when("start", "from when"),
            when("end", "until when"),
        ),
        by=("code", "start"),
        same=("code", "start"),
    ),
    Table(
        "appointment",
        "Appointment",
        "A booking of a visit, ride or other service.",
        (
            status(
                "status",
                "state",
                "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist",
            ),
            concept("code", "service type"),
            concept("specialty", "specialty"),
            key("kind", "AMB, VR, HH; RIDE for transport; empty if not said"),
            when("start", "when it begins"),
            when("end", "when it ends"),
            whole("minutes", "minutes", "planned length"),
            when("created", "when it was booked"),
            ref("order_id", "service_request", "the referral or order it answers"),
            ref("practitioner_id", "practitioner", "with whom"),
            ref("location_id", "location", "where"),
            text("place_name", "display of who or where as sent"),
            text("description", "what for, as sent"),
            text("instructions", "preparation told to the person, as sent"),
            flag("is_remote", "1 when held by phone or video"),
            ref("for_appointment_id", "appointment", "the visit a ride is for (supporting information)"),
        ),
        by=("code", "start"),
        same=("code", "start"),
    ),
)

"""Plans, goals, and words exchanged."""

from beforehand.clinical.columns import Table, concept, key, quantity, ref, status, text, when

TABLES = (
    Table(
        "care_plan",
        "CarePlan",
        "A plan of care from one source.",
        (
            status("status", "state", "draft active on-hold revoked completed entered-in-error unknown"),
            key("intent", "proposal, plan, order, option"),
            concept("code", "category of the plan, the most specific one"),
            text("title", "title as sent"),
            when("start", "from when"),
            when("end", "until when"),
            when("created", "when it was written or last agreed"),
            ref("care_team_id", "care_team", "who carries it"),
        ),
        by=("code", "start"),
        same=("code", "start"),
    ),
    Table(
        "goal",
        "Goal",
        "A goal agreed with or said of the person.",
        (
            status(
                "status",
                "state",
                "proposed planned accepted active on-hold completed cancelled entered-in-error rejected",
            ),
            concept("achievement", "in-progress, improving, achieved, not-achieved, ..."),
            concept("code", "description, coded where it is"),
            text("description", "description in words"),
            when("start", "from when"),
            when("due", "target day, first target"),
            concept("measure", "what is measured, first target"),
            quantity("target", "target value, first target"),
        ),
        by=("code", "start"),
        same=("code", "start", "description"),
    ),
    Table(
        "communication",
        "Communication",
        "Something said, written or called, or tried and not reached.",
        (
            status(
                "status",
                "state",
                "preparation in-progress not-done on-hold stopped completed entered-in-error unknown",
            ),
            concept("status_reason", "why it did not happen (not reached, declined, ...)"),
            concept("code", "category: what sort of contact"),
            concept("topic", "topic or first reason"),
            concept("medium", "phone, letter, portal, in person"),
            when("sent", "when"),
            when("received", "when it was received"),
            ref("about_id", "encounter", "what it is about, first named"),
            ref("encounter_id", "encounter", "the visit or stay it belongs to"),
            ref("sender_id", "practitioner", "who"),
            text("words", "what was said, first payload"),
        ),
        by=("code", "sent"),
        same=("code", "sent", "about_id"),  # two calls of a day about two things are two
    ),
    Table(
        "communication_recipient",
        "Communication",
        "One of those whom a communication was sent to, the person aside.",
        (
            ref("communication_id", "communication", "the communication"),
            status(
                "status",
                "state of the communication",
                "preparation in-progress not-done on-hold stopped completed entered-in-error unknown",
            ),
            ref("member_id", "practitioner", "who it was sent to: practitioner, organization, relative, care team"),
            ref("about_id", "encounter", "what it is about, first named"),
            when("sent", "when"),
        ),
        by=("", "sent"),
    ),
    Table(
        "provenance",
        "Provenance",
        "Who made another resource, as a source tells it.",
        (
            ref("target_id", "", "first resource it is about"),
            concept("activity", "what was done"),
            when("recorded", "when"),
            ref("agent_id", "practitioner", "first agent"),
            text("agent_name", "display of the first agent"),
        ),
        by=("activity", "recorded"),
    ),
)

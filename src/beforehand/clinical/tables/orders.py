"""What was asked for: referrals, tests, equipment, tasks, meals."""

from beforehand.clinical.columns import Table, concept, flag, key, ref, status, text, when

REQUEST_STATUS = "draft active on-hold revoked completed entered-in-error unknown"
INTENT = "proposal plan directive order original-order reflex-order filler-order instance-order option"

TABLES = (
    Table(
        "service_request",
        "ServiceRequest",
        "A referral or an order for a test, procedure or service.",
        (
            status("status", "state", REQUEST_STATUS),
            status("intent", "how firm", INTENT),
            concept("code", "what is asked for"),
            concept("category", "referral, laboratory, imaging, social-service, ... (first one)"),
            key("priority", "routine, urgent, asap, stat"),
            flag("do_not_perform", "1 when it says it must not be done"),
            when("authored", "when it was asked"),
            when("wanted", "when it should happen; the end where a period was given"),
            concept("reason", "why, first coded reason"),
            ref("reason_id", "condition", "the problem it is for"),
            ref("requester_id", "practitioner", "who asked"),
            ref("performer_id", "practitioner", "who is asked"),
            text("performer_name", "display of who is asked, as sent"),
            concept("performer_type", "what sort of performer"),
            ref("based_on_id", "service_request", "the order it follows from"),
            ref("encounter_id", "encounter", "during which visit or stay"),
            concept("status_reason", "why it is in that state, or why it must not be done"),
        ),
        by=("code", "authored"),
        same=("code", "authored"),
    ),
    Table(
        "task",
        "Task",
        "A piece of work asked of somebody, and how it ended.",
        (
            status(
                "status",
                "state",
                "draft requested received accepted rejected ready cancelled in-progress on-hold failed completed"
                " entered-in-error",
            ),
            concept("code", "what sort of work"),
            concept("business_status", "finer state"),
            concept("status_reason", "why it is in that state"),
            key("intent", "how firm"),
            when("authored", "when it was asked"),
            when("modified", "when its state last changed"),
            when("start", "when work began"),
            when("end", "when work ended"),
            ref("focus_id", "service_request", "what it is about"),
            ref("based_on_id", "service_request", "the order it follows from"),
            ref("owner_id", "practitioner", "who is to do it"),
            text("owner_name", "display of who is to do it, as sent"),
            ref("encounter_id", "encounter", "about which visit or stay"),
            text("description", "what, as sent"),
        ),
        by=("code", "authored"),
        same=("code", "authored", "focus_id"),  # two results acknowledged on one day are two
    ),
    Table(
        "settlement",
        "Task",
        "What a person, or a rule the organisation set, decided about two statements that contradict each other.",
        (
            status("status", "state", "completed entered-in-error"),
            when("settled", "when it was decided"),
            key("outcome", "KEPT: one holds; BOTH: they speak of two things; NEITHER: something else is true"),
            ref("kept_id", "any", "the statement that holds, when outcome is KEPT"),
            ref("left_id", "any", "one of the two statements"),
            ref("right_id", "any", "the other"),
            key("left_seen", "digest of what the one said when it was settled"),
            key("right_seen", "digest of what the other said when it was settled"),
            key("rule", "number of the organisation's source-trust rule that settled it; empty when a person did"),
            text("reason", "why, in the words of whoever settled it"),
            ref("left_line_id", "any", "the row that leads the line of the one now", "derived, see record.settlements"),
            ref("right_line_id", "any", "the row that leads the line of the other now", "derived"),
            flag(
                "is_standing",
                "1 while both statements are of one person and say what they said when it was settled",
                "derived whenever either of them changes",
            ),
        ),
        by=("", "settled"),
        caveat="Both statements stay on record whatever was settled; a rule asks the view settled_pair.",
    ),
    Table(
        "device_request",
        "DeviceRequest",
        "An order for equipment.",
        (
            status("status", "state", REQUEST_STATUS),
            concept("code", "what"),
            when("authored", "when"),
            ref("encounter_id", "encounter", "during which visit or stay"),
            status("intent", "how firm", INTENT),
            flag("do_not_perform", "1 when it says the equipment must not be given"),
        ),
        by=("code", "authored"),
        same=("code", "authored"),
    ),
    Table(
        "nutrition_order",
        "NutritionOrder",
        "An order for a diet or for meals.",
        (
            status("status", "state", "draft active on-hold revoked completed entered-in-error unknown"),
            concept("code", "first diet type"),
            when("authored", "when"),
            ref("encounter_id", "encounter", "during which visit or stay"),
        ),
        by=("code", "authored"),
        same=("code", "authored"),
    ),
)

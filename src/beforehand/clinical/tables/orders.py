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
        same=("code", "authored"),
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

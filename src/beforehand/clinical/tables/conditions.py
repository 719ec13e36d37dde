"""What ails the person and what they react to."""

from beforehand.clinical.columns import Table, concept, flag, key, ref, status, text, when

VERIFICATION = "unconfirmed provisional differential confirmed refuted entered-in-error"

TABLES = (
    Table(
        "condition",
        "Condition",
        "A problem, diagnosis or health concern said of the person.",
        (
            status("clinical_status", "course", "active recurrence relapse inactive remission resolved"),
            status("verification", "how sure the source is", VERIFICATION, "empty means the source did not say"),
            concept("code", "what it is"),
            concept("category", "problem-list-item, encounter-diagnosis, health-concern, sdoh, ..."),
            concept("severity", "how bad"),
            when("onset", "when it began"),
            when("abated", "when it ended"),
            when("recorded", "when it was written down"),
            ref("encounter_id", "encounter", "the visit or stay it was recorded in"),
            ref("asserter_id", "practitioner", "who says so"),
            concept("body_site", "where on the body, first one"),
        ),
        by=("code", "onset"),
        same=("code", "onset"),
        differ=("severity", "abated", "body_site"),
        caveat="A resolved condition is history, not a current problem: use the view active_condition.",
    ),
    Table(
        "allergy",
        "AllergyIntolerance",
        "An allergy or intolerance said of the person, or the statement that none is known.",
        (
            status("clinical_status", "course", "active inactive resolved"),
            status("verification", "how sure the source is", "unconfirmed presumed confirmed refuted entered-in-error"),
            concept("code", "to what"),
            key("type", "allergy or intolerance"),
            key("category", "food, medication, environment, biologic"),
            key("criticality", "low, high, unable-to-assess"),
            concept("reaction", "first manifestation named"),
            key("reaction_severity", "mild, moderate, severe"),
            when("onset", "when first seen"),
            when("recorded", "when it was written down"),
            flag("is_none_known", "1 when the source says that nothing of the kind is known"),
        ),
        by=("code", "onset"),
        same=("code",),
        differ=("criticality",),
        caveat="A source may list several reactions, each with its severity; the first is kept, so the severities of "
        "two sources may be of two reactions and do not contradict each other. Criticality is the allergy's own.",
    ),
    Table(
        "adverse_event",
        "AdverseEvent",
        "Harm, or nearly so, that came to the person from care: a reaction to a medicine, a fall.",
        (
            key("actuality", "actual or potential"),
            concept("code", "what happened"),
            when("occurred", "when"),
            when("recorded", "when it was written down"),
            ref("encounter_id", "encounter", "during which visit or stay"),
        ),
        by=("code", "occurred"),
        same=("code", "occurred"),
    ),
    Table(
        "detected_issue",
        "DetectedIssue",
        "A clinical issue that another system detected.",
        (
            status(
                "status", "state", "registered preliminary final amended corrected cancelled entered-in-error unknown"
            ),
            concept("code", "what sort of issue"),
            key("severity", "high, moderate, low"),
            when("identified", "when"),
            text("detail", "what it says, as sent"),
        ),
        by=("code", "identified"),
        same=("code", "identified"),
    ),
    Table(
        "device",
        "Device",
        "A device of the person, implanted or used.",
        (
            status("status", "state", "active inactive entered-in-error unknown"),
            concept("code", "what it is"),
            when("made", "when it was manufactured"),
            when("expires", "when it expires"),
            text("name", "name as sent"),
        ),
        by=("code", "made"),
        same=("code", "name"),
    ),
)

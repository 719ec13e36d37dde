"""Say what happened: one short form a kind of next step, and the FHIR resource each answer becomes.

A form is data that any door can draw. What it composes is given to intake like any other record, with the
person who said so as its source; the rules then see it as they see everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from beforehand.care.needs.answers import AnswerError, Answers
from beforehand.care.needs.shapes import Choice, FormField, HappenedForm
from beforehand.clinical.codes import uri_of

WORK = "https://beforehand.example/fhir/CodeSystem/work"
NOT_DONE = "declined"


@dataclass(frozen=True)
class Situation:
    """What a composer knows besides the answers: when, where, and what the need is about."""

    at: datetime
    zone: ZoneInfo
    by_name: str
    subject_kind: str  # stay, order, medicine, visit, ...
    books: str  # what a booking is for, by the rule's header
    question: str
    targets: Mapping[str, dict[str, str]] = field(default_factory=dict)  # fact table -> reference to the fact
    medicine: dict[str, Any] | None = None  # CodeableConcept of the medicine the need is about
    books_words: str = ""  # what a booking is for as people call it, where ``books`` is a code
    also_books: tuple[tuple[str, str], ...] = ()  # the other tests of the same blood draw: code and words of each


Composer = Callable[[Answers, Situation], list[dict[str, Any]]]


@dataclass(frozen=True)
class StepKind:
    """A kind of next step: its verb, its form, what it writes."""

    form: HappenedForm
    compose: Composer


def coded(code: str, display: str = "") -> dict[str, Any]:
    """A CodeableConcept of our own work codes; the codes are words, so they are shown as such."""
    return {"coding": [{"system": WORK, "code": code, "display": display or code.replace("-", " ").capitalize()}]}


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A FHIR instant in the zone it was meant in."""
    return at.astimezone(zone).isoformat(timespec="seconds")


def _day(answers: Answers, name: str) -> date:
    try:
        return date.fromisoformat(answers.get(name, ""))
    except ValueError:
        raise AnswerError(name, "give the day as YYYY-MM-DD") from None


def _when(answers: Answers, situation: Situation, day: str, clock: str) -> str:
    """The start of something booked: day and time in the person's zone, or the day alone as its first moment."""
    given = answers.get(clock, "")
    try:
        of_day = time.fromisoformat(given) if given else time(9, 0)
    except ValueError:
        raise AnswerError(clock, "give the time as HH:MM") from None
    return moment(datetime.combine(_day(answers, day), of_day, situation.zone), situation.zone)


def _whole(answers: Answers, name: str, low: int, high: int) -> int:
    try:
        number = int(answers.get(name, ""))
    except ValueError:
        raise AnswerError(name, "give a whole number") from None
    if not low <= number <= high:
        raise AnswerError(name, f"give a number from {low} to {high}")
    return number


def _target(situation: Situation, *tables: str) -> dict[str, str] | None:
    return next((situation.targets[table] for table in tables if table in situation.targets), None)


def _with(resource: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """The resource with the parts that there are."""
    return resource | {name: part for name, part in parts.items() if part not in (None, "", [], [None])}


def _note(answers: Answers) -> list[dict[str, str]] | None:
    words = answers.get("note", "").strip()
    return [{"text": words}] if words else None


PURPOSES = {
    "stay": "post-discharge-contact",
    "result": "result-passed-on",
    "medicine": "refill-reminder",
    "interpreter": "interpreter-arranged",
    "preparation": "preparation-told",
    "pause": "pause-decided",
    "records": "records-sent",
    "enrolment": "enrolment",
    "question": "answered",
    "understood": "teach-back",
    "team": "team-settled",
    "told": "team-told",
    "handover": "handover",
}


MEDICINES = ("medication_request", "medication_statement", "medication_dispense")
RESULTS = ("observation", "diagnostic_report")
MONEY = ("invoice", "explanation_of_benefit", "coverage")
ABOUT = (
    *(*RESULTS, "service_request", "appointment", *MEDICINES, *MONEY),
    *("care_plan", "goal", "consent", "related_person", "communication"),
)


def _communication(answers: Answers, situation: Situation, category: str, **parts: Any) -> dict[str, Any]:
    words = answers.get("note", "").strip()
    stay = _target(situation, "encounter") if situation.subject_kind == "stay" else None
    about = stay or _target(situation, *ABOUT)
    return _with(
        {"resourceType": "Communication", "status": "completed", "category": [coded(category)]},
        reasonCode=[coded(PURPOSES.get(situation.subject_kind, "contact"))],
        sent=moment(situation.at, situation.zone),
        about=[about] if about else None,
        encounter=stay,
        payload=[{"contentString": words}] if words else None,
    ) | {name: part for name, part in parts.items() if part is not None}


def _declined(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    # What was declined stands in the topic when the rule says what it books; else in what the call was about.
    topic = [_service(situation)] if "|" in situation.books else None
    return [
        _communication(answers, situation, "call", status="not-done", statusReason=coded("declined"), reasonCode=topic)
    ]


def _call(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    if answers["happened"] == "keep":
        decided = _target(situation, *MEDICINES, "observation", "diagnostic_report")
        return [_task("no-follow-up", "completed", answers, situation, decided)]
    if answers["happened"] == "reached":
        return [_communication(answers, situation, "call")]
    return [_communication(answers, situation, "call", status="not-done", statusReason=coded("not-reached"))]


def _appointment(
    answers: Answers,
    situation: Situation,
    service: dict[str, Any],
    *,
    also: Sequence[dict[str, Any]] = (),
    **parts: Any,
) -> dict[str, Any]:
    order = _target(situation, "service_request")
    return _with(
        {
            "resourceType": "Appointment",
            "status": "booked",
            "serviceType": [service, *also],
            "start": _when(answers, situation, "on", "at"),
            "created": moment(situation.at, situation.zone),
        },
        basedOn=[order] if order else None,
        description=answers.get("place", "").strip() or _booked_words(situation),
        comment=answers.get("note", "").strip(),
        **parts,
    )


def _booked_words(situation: Situation) -> str:
    if situation.also_books:
        return "Blood draw: " + ", ".join(dict.fromkeys(words for _, words in _all_books(situation) if words))
    if "|" in situation.books:
        return situation.books_words
    return situation.books or situation.question


def _all_books(situation: Situation) -> tuple[tuple[str, str], ...]:
    return ((situation.books, situation.books_words), *situation.also_books)


def _service(situation: Situation) -> dict[str, Any]:
    """What is booked, by the rule's ``books``: a coded service such as ``loinc|4548-4``, or plain words."""
    return _named_service(situation.books, situation.books_words)


def _named_service(books: str, words: str) -> dict[str, Any]:
    system, bar, code = books.partition("|")
    if bar:
        coding = {"system": uri_of(system), "code": code}
        return {"coding": [coding | ({"display": words} if words else {})]}
    return {"text": books} if books else coded("visit")


def _book(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    services = [_named_service(books, words) for books, words in _all_books(situation)]
    return [_appointment(answers, situation, services[0], also=services[1:])]


RIDES = {"booked": "ride", "family": "ride-by-family", "self": "ride-by-self"}


def _ride(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    if answers["happened"] == "no-answer":
        return [_communication(answers, situation, "call", status="not-done", statusReason=coded("not-reached"))]
    visit = _target(situation, "appointment")
    ride = _appointment(
        answers,
        situation,
        coded(RIDES[answers["happened"]]),
        supportingInformation=[visit] if visit else None,
    )
    ride.pop("basedOn", None)
    return [ride]


def _refill(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    prescription = _target(situation, *MEDICINES)
    if answers["happened"] == "requested":
        return [_task("refill-request", "requested", answers, situation, prescription)]
    if situation.medicine is None:
        raise AnswerError("happened", "this need names no single medicine: log a call instead")
    order = situation.targets.get("medication_request")
    return [
        _with(
            {
                "resourceType": "MedicationDispense",
                "status": "completed",
                "medicationCodeableConcept": situation.medicine,
                "whenHandedOver": _day(answers, "on").isoformat(),
                "daysSupply": {
                    "value": _whole(answers, "days", 1, 400),
                    "unit": "days",
                    "system": "http://unitsofmeasure.org",
                    "code": "d",
                },
            },
            authorizingPrescription=[order] if order else None,
            note=_note(answers),
        )
    ]


def _task(
    code: str, status: str, answers: Answers, situation: Situation, focus: dict[str, str] | None
) -> dict[str, Any]:
    now = moment(situation.at, situation.zone)
    return _with(
        {"resourceType": "Task", "status": status, "intent": "order", "code": coded(code), "authoredOn": now},
        lastModified=now,
        focus=focus,
        executionPeriod={"end": now} if status == "completed" else None,
        description=answers.get("note", "").strip(),
    )


def _result(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    result = _target(situation, "observation", "diagnostic_report", "procedure", "service_request")
    match answers["happened"]:
        case "passed-on":
            return [_with(_communication(answers, situation, "result-passed-on"), about=[result] if result else None)]
        case "seen":
            return [_task("result-acknowledged", "completed", answers, situation, result)]
        case "no-follow-up":
            return [_task("no-follow-up", "completed", answers, situation, result)]
    return [_communication(answers, situation, "call", status="not-done", statusReason=coded("not-reached"))]


def _reconcile(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    return [
        _with(
            {
                "resourceType": "Procedure",
                "status": "completed",
                "code": coded("medication-reconciliation", "Medicines list gone through"),
                "performedDateTime": moment(situation.at, situation.zone),
            },
            encounter=_target(situation, "encounter"),
            note=_note(answers),
        )
    ]


def _visit(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    appointment = _target(situation, "appointment")
    day = _day(answers, "on").isoformat()
    return [
        _with(
            {
                "resourceType": "Encounter",
                "status": "finished",
                "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
                "type": [_service(situation)],
                "period": {"start": day, "end": day},
            },
            appointment=[appointment] if appointment else None,
        )
    ]


def _authorization(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    order = _target(situation, "service_request")
    request = _target(situation, "claim")
    decision = answers["happened"]
    if decision == "no-answer":
        return [_communication(answers, situation, "call", status="not-done", statusReason=coded("not-reached"))]
    period = {}
    if decision == "approved":
        period = {"start": _day(answers, "from").isoformat(), "end": _day(answers, "until").isoformat()}
    codes = {"approved": ("A1", "Certified in total"), "denied": ("A3", "Not certified")}
    code, display = codes[decision]
    action = {"coding": [{"system": "https://codesystem.x12.org/005010/306", "code": code, "display": display}]}
    review = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
    extension = [
        {
            "url": f"{review}/extension-reviewAction",
            "extension": [{"url": f"{review}/extension-reviewActionCode", "valueCodeableConcept": action}],
        }
    ]
    return [
        _with(
            {
                "resourceType": "ClaimResponse",
                "status": "active",
                "type": {
                    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "professional"}]
                },
                "use": "preauthorization",
                "outcome": "complete",
                "disposition": decision,
                "created": situation.at.astimezone(situation.zone).date().isoformat(),
                "insurer": {"display": answers.get("place", "").strip() or "Plan, by phone"},
                "item": [
                    {
                        "itemSequence": 1,
                        "extension": extension,
                        "adjudication": [{"category": coded("decision", decision), "extension": extension}],
                    }
                ],
            },
            request=request,
            preAuthRef=answers.get("number", "").strip(),
            preAuthPeriod=period or None,
            extension=[{"url": f"{WORK}/order", "valueReference": order}] if order else None,
        )
    ]


def _bill(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    focus = _target(situation, "invoice", "claim", "explanation_of_benefit", "account")
    return [_task("bill-checked", "completed", answers, situation, focus)]


def _referral(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    order = _target(situation, "service_request")
    return [
        _with(
            _task("referral-status", answers["happened"], answers, situation, order), basedOn=[order] if order else None
        )
    ]


def _plan(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    return [_task("plan-reviewed", "completed", answers, situation, _target(situation, "care_plan", "goal"))]


def _other(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    return [_communication(answers, situation, "note")]


NOTE = FormField("note", "What was said", "text", hint="Goes into the record as your words.")
DECLINED = Choice(NOT_DONE, "They said no")


def _happened(*choices: tuple[str, str]) -> FormField:
    return FormField(
        "happened", "What happened?", "choice", required=True, choices=(*(Choice(*pair) for pair in choices), DECLINED)
    )


def _on(label: str, *only_for: str) -> FormField:
    return FormField("on", label, "date", required=True, only_for=only_for)


def _kind(
    kind: str, verb: str, title: str, then: str, closes: str, compose: Composer, *fields: FormField
) -> tuple[str, StepKind]:
    form = HappenedForm(kind, verb, title, (*fields, NOTE), then, closes)

    def composed(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
        if answers.get("happened") == NOT_DONE:
            return _declined(answers, situation)
        return compose(answers, situation)

    return kind, StepKind(form, composed)


STEP_KINDS: Mapping[str, StepKind] = dict(
    (
        _kind(
            "call", "Log the call", "How did the call go?",
            "A call that reached nobody stays on your list.",
            "It closes by itself once the record shows what was asked for.",
            _call,
            _happened(
                ("reached", "Reached"), ("not-reached", "Not reached"),
                ("keep", "The clinician decided: keep as it is"),
            ),
        ),
        _kind(
            "book", "Log the booking", "What was booked?",
            "The booking shows in what is coming, and we look for the visit after it.",
            "It closes by itself once the record shows what was asked for.",
            _book, _happened(("booked", "Booked")), _on("Day of the visit", "booked"),
            FormField("at", "Time", "time", only_for=("booked",)),
            FormField("place", "Where or with whom", "text", only_for=("booked",)),
        ),
        _kind(
            "ride", "Log the ride", "How will they get there?",
            "The ride shows in what is coming.", "It closes when a ride is booked or somebody drives.",
            _ride,
            _happened(
                ("booked", "I booked a ride"), ("family", "Family will drive"),
                ("self", "They get there without help"), ("no-answer", "No answer"),
            ),
            _on("Pickup day", "booked", "family", "self"),
            FormField("at", "Pickup time", "time", only_for=("booked", "family", "self")),
            FormField("place", "Ride from", "text", only_for=("booked",)),
        ),
        _kind(
            "refill", "Log the refill", "What about the refill?",
            "A request is not a refill: we look for the fill itself.", "It closes when a fill covers the coming days.",
            _refill, _happened(("requested", "Refill requested"), ("picked-up", "Picked up or delivered")),
            _on("Day of the fill", "picked-up"),
            FormField("days", "Days it lasts", "number", required=True, only_for=("picked-up",)),
        ),
        _kind(
            "result", "Log the result", "Where does the result stand?",
            "Telling the person is not a work-up: what the result calls for stays open.",
            "It closes when it is followed up, or a clinician decides that nothing more is wanted.",
            _result,
            _happened(
                ("passed-on", "Told the person"), ("seen", "A clinician has seen it"),
                ("no-follow-up", "A clinician wants no further work-up"), ("no-answer", "No answer"),
            ),
        ),
        _kind(
            "reconcile", "Log the list", "Did you go through the medicines list?",
            "The day counts as the day the list was reconciled.", "It closes when the list was gone through.",
            _reconcile, _happened(("done", "Gone through with the person or their carer")),
        ),
        _kind(
            "visit", "Log the visit", "Did the visit take place?",
            "It counts as a visit on your word until the clinic's record comes.",
            "It closes when the visit took place.",
            _visit, _happened(("done", "It took place")), _on("Day of the visit", "done"),
        ),
        _kind(
            "authorization", "Log the answer", "What did the plan answer?",
            "The dates are checked against the visit.", "It closes when an approval covers the day.",
            _authorization, _happened(("approved", "Approved"), ("denied", "Denied"), ("no-answer", "No answer yet")),
            FormField("number", "Approval number", "text", only_for=("approved",)),
            FormField("from", "Holds from", "date", required=True, only_for=("approved",)),
            FormField("until", "Holds until", "date", required=True, only_for=("approved",)),
        ),
        _kind(
            "bill", "Log the check", "Was the bill checked?",
            "A corrected bill is compared again when it comes.", "It closes when the bill was checked with the sender.",
            _bill, _happened(("checked", "Checked with whoever sent it")),
        ),
        _kind(
            "referral", "Log the referral", "Where does the referral stand?",
            "Received is not done: we wait for the report.", "It closes when a report or a visit is on record.",
            _referral,
            _happened(
                ("received", "They have it"), ("accepted", "They accepted it"), ("completed", "The person was seen"),
            ),
        ),
        _kind(
            "plan", "Log the review", "Was the plan gone through?",
            "The next review is counted from today.", "It closes when the plan was reviewed.",
            _plan, _happened(("reviewed", "Gone through together")),
        ),
        _kind(
            "other", "Say what happened", "What happened?",
            "Your words go into the record.", "Close it yourself when it is settled.",
            _other, _happened(("noted", "Done as planned")),
        ),
        _kind("decline", "Log the answer", "What did they say?", "It stays away until the answer lapses.",
              "It closes on their word.", _declined, _happened()),
    )
)  # fmt: skip


def step(kind: str) -> StepKind:
    """The kind of next step; anything unknown is ``other``."""
    return STEP_KINDS.get(kind, STEP_KINDS["other"])

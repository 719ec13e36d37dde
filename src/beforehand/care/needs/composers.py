"""The FHIR resources that the answers of each form become: one composer a kind of next step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from beforehand.care.needs.answers import AnswerError, Answers
from beforehand.care.needs.situation import WORK, Situation, coded, moment
from beforehand.clinical.codes import uri_of


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
    "history": "preventive-history",
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


def declined(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    """They said no: a call not done, about what was declined."""
    # What was declined stands in the topic when the rule says what it books; else in what the call was about.
    topic = [_service(situation)] if "|" in situation.books else None
    return [
        _communication(answers, situation, "call", status="not-done", statusReason=coded("declined"), reasonCode=topic)
    ]


def call(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    """A call: reached, not reached, or what the clinician decided in it."""
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


def book(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    """What was booked, as an appointment."""
    services = [_named_service(books, words) for books, words in _all_books(situation)]
    return [_appointment(answers, situation, services[0], also=services[1:])]


RIDES = {"booked": "ride", "family": "ride-by-family", "self": "ride-by-self"}


def ride(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    """A ride, as an appointment for the visit it is to."""
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


def refill(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    """A refill asked for, or the fill itself."""
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


def result(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    """Where a result stands: told, seen, or nothing more wanted."""
    result = _target(situation, "observation", "diagnostic_report", "procedure", "service_request")
    match answers["happened"]:
        case "passed-on":
            return [_with(_communication(answers, situation, "result-passed-on"), about=[result] if result else None)]
        case "seen":
            return [_task("result-acknowledged", "completed", answers, situation, result)]
        case "no-follow-up":
            return [_task("no-follow-up", "completed", answers, situation, result)]
    return [_communication(answers, situation, "call", status="not-done", statusReason=coded("not-reached"))]


def reconcile(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    """A medicines list gone through."""
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


def visit(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    """A visit that took place, on the word of who says so."""
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


def authorization(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    """The plan's answer to a request for its approval."""
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


def bill(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    """A bill checked with whoever sent it."""
    focus = _target(situation, "invoice", "claim", "explanation_of_benefit", "account")
    return [_task("bill-checked", "completed", answers, situation, focus)]


def referral(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    """Where a referral stands."""
    order = _target(situation, "service_request")
    return [
        _with(
            _task("referral-status", answers["happened"], answers, situation, order), basedOn=[order] if order else None
        )
    ]


def plan(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    """A plan gone through."""
    return [_task("plan-reviewed", "completed", answers, situation, _target(situation, "care_plan", "goal"))]


def other(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
    """Words for the record."""
    return [_communication(answers, situation, "note")]

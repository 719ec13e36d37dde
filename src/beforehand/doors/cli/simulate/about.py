"""What a row on the list must be about to count for a kind of bump. The world knows nothing of this."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from beforehand.world.truth import Affair


@dataclass(frozen=True)
class Said:
    """One of the things a need says."""

    topic: str
    rule: str
    words: str  # question, reason and next step as the coordinator reads them
    pages: frozenset[tuple[str, str]]  # the resources it rests on, by source and reference


@dataclass(frozen=True)
class Seen:
    """A need as it stands on the list one morning; several findings may be folded into it."""

    need: int
    person: int
    rule: str  # the leading finding's
    said: tuple[Said, ...]

    @property
    def words(self) -> str:
        """What the first of them says."""
        return self.said[0].words if self.said else ""


@dataclass(frozen=True)
class About:
    """Topics a row may come from, and what its words must say; ``by_words``: naming it does, whatever it rests on."""

    topics: Collection[str]
    says: str = ""
    by_words: bool = False


REFILL = About(("medicines",), r"refill|renew|runs out|lasts until")
RESULT = About(("results", "medicine_safety"), r"result|follow|test|otassium|blood")
ABOUT: Mapping[str, About] = {
    "lost_refill": REFILL,
    "renewal_missing": REFILL,
    "never_filled": About(("medicines",), r"pick|fetch|fill"),
    "interaction": About(("medicine_safety",), r"know|meant|take"),
    "allergy": About(("medicine_safety",), r"allergy"),
    "kidney_dose": About(("medicine_safety", "results", "chronic"), r"kidney|eGFR", by_words=True),
    "missed_ride": About(("visits",), r"ride|instead|missed"),
    "clash": About(("visits",), r"keep both|overlap|half an hour"),
    "records_not_sent": About(("visits",), r"ecords"),
    "admission_not_told": About(("transitions",), r"in hospital"),
    "referral_not_scheduled": About(("referrals",), r"book|visit"),
    "silent_agency": About(("referrals",), r"report"),
    "report_unread": About(("referrals",), r"read"),
    "authorization_missing": About(("authorizations",), r"uthoriz"),
    "authorization_ends": About(("authorizations",), r"uthoriz"),
    "unfollowed_result": RESULT,
    "wrong_bill": About(("bills",), r"bill"),
    "coverage_ends": About(("coverage",), r"cover|insur|plan"),
    "social_need": About(("social",), r"food|help", by_words=True),
    "social_agency_silent": About(("social",), r"taken up|answered"),
    "emergency_visits": About(("utilization",), r"emergency"),
    "no_call_after_stay": About(("transitions",), r"reached"),
    "no_visit_after_stay": About(("transitions",), r"been seen"),
    "list_not_reconciled": About(("transitions",), r"medicines list"),
    "not_said_back": About(("voice",), r"own words|said back|understood"),
    "no_summary": About(("transitions",), r"summary"),
    "discharge_medicine": About(("transitions", "medicines"), r"pick|fetch|fill"),
    "check_lapses": About(("chronic", "prevention"), r"etina|eye", by_words=True),
    "plan_review": About(("plans",), r"plan", by_words=True),
    "repeated_test": About(("utilization",), r"test|order"),
    "no_flu_vaccine": About(("prevention",), r"nfluenza", by_words=True),
}


MEDICINE = ("MedicationRequest", "MedicationDispense")
SEEN_TO = ("Procedure", "Observation", "DiagnosticReport", "Encounter", "Appointment", "Immunization")
# What a row of each topic would have gone away by, had it arrived; of any other topic: whatever is on its way.
ANSWERS: Mapping[str, Collection[str]] = {
    "medicines": MEDICINE,
    "medicine_safety": (*MEDICINE, "Observation"),
    "results": SEEN_TO,
    "chronic": SEEN_TO,
    "prevention": SEEN_TO,
    "utilization": (*SEEN_TO, "ServiceRequest"),
    "visits": ("Appointment", "Encounter", "Communication"),
    "bills": ("Invoice", "ExplanationOfBenefit"),
    "coverage": ("Coverage",),
}
ANYTHING = frozenset((*MEDICINE, *SEEN_TO, "ServiceRequest", "Communication", "Task", "Invoice", "Coverage",
                      "ExplanationOfBenefit", "ClaimResponse", "DocumentReference"))  # fmt: skip


def answers_to(seen: Seen) -> frozenset[str]:
    """The types of resources by which this row would go away."""
    return frozenset(what for said in seen.said for what in ANSWERS.get(said.topic, ANYTHING))


def concerns(said: Said, affair: Affair) -> bool:
    """Whether this is about this affair of the same person: by topic and words, and it rests on it or names it."""
    wanted = ABOUT[affair.kind]
    if said.topic not in wanted.topics or not re.search(wanted.says, said.words):
        return False
    if said.pages & affair.pages:
        return True
    return wanted.by_words and any(name in said.words for name in affair.names)


def matches(seen: Seen, affairs: Iterable[Affair]) -> list[Affair]:
    """The affairs a row is about; where an open bump is among them the look-alikes beside it do not count."""
    found = [
        affair
        for affair in affairs
        if affair.person == seen.person and any(concerns(said, affair) for said in seen.said)
    ]
    return [affair for affair in found if affair.is_open] or found

"""What somebody says of each line of a list, and what they add to it; which answers can be signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from beforehand.care.medicines.lines import ALLERGIES, MEDICINES, PROBLEMS, ListNow

TAKING, NOT_TAKING, CHANGED, UNSURE = "taking", "not-taking", "changed", "unsure"
YES, NO, OVER = "yes", "no", "over"

# The answers of each list, with the words on the page.
ANSWERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    MEDICINES: (
        (TAKING, "Takes it"), (NOT_TAKING, "Does not take it"), (CHANGED, "Takes it differently"), (UNSURE, "Not sure"),
    ),
    ALLERGIES: ((YES, "Still so"), (NO, "Not so"), (UNSURE, "Not sure")),
    PROBLEMS: ((YES, "Still so"), (OVER, "Over"), (NO, "Never so"), (UNSURE, "Not sure")),
}  # fmt: skip
# Who told what is signed. From records alone nothing is said by the patient.
TOLD_BY: tuple[tuple[str, str], ...] = (
    ("patient", "The patient"), ("family", "Family or a carer"), ("records", "Nobody: from records alone"),
)  # fmt: skip
NEEDS_WORDS = (CHANGED,)
LONGEST = 400
MOST_ADDED = 10


class ListError(ValueError):
    """The list cannot be signed as filled in; ``field`` is the line or field to correct, empty for the whole."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True)
class Answer:
    """What was said of one line."""

    key: str
    answer: str
    words: str = ""


@dataclass(frozen=True)
class Added:
    """Something the person says that no record holds: bought over the counter, an allergy never written down."""

    name: str
    words: str = ""


@dataclass(frozen=True)
class Review:
    """One going-through of a list, ready to be signed."""

    answers: Sequence[Answer]
    told_by: str
    added: Sequence[Added] = ()
    none_known: bool = False
    note: str = ""


def check_review(now: ListNow, review: Review) -> dict[str, Answer]:
    """Line -> its answer; ListError where a line has none, or words are missing."""
    allowed = {value for value, _ in ANSWERS[now.kind]}
    given = {answer.key: answer for answer in review.answers}
    for line in now.current:
        answer = given.get(line.key)
        if answer is None or answer.answer not in allowed:
            raise ListError(line.key, f"say what holds for {line.name}, or that you are not sure")
        if answer.answer in NEEDS_WORDS and not answer.words.strip():
            raise ListError(line.key, f"say in a few words how {line.name} is taken")
    if review.told_by not in {value for value, _ in TOLD_BY}:
        raise ListError("told_by", "say who told you")
    if review.told_by == "records" and review.added:
        raise ListError("added", "what no record holds can only be added on the word of the patient or a carer")
    if len(review.added) > MOST_ADDED or any(not one.name.strip() for one in review.added):
        raise ListError("added", f"name what you add, at most {MOST_ADDED} at a time")
    every = [answer.words for answer in review.answers] + [review.note]
    if any(len(text) > LONGEST for text in (*every, *(part for one in review.added for part in (one.name, one.words)))):
        raise ListError("", f"at most {LONGEST} characters a field")
    if review.none_known:
        _check_none_known(now, review, given)
    return {line.key: given[line.key] for line in now.current}


def _check_none_known(now: ListNow, review: Review, given: Mapping[str, Answer]) -> None:
    if now.kind != ALLERGIES or review.told_by == "records":
        raise ListError("none_known", "that none is known has to be said by the patient or a carer")
    if review.added or any(given[line.key].answer != NO for line in now.current):
        raise ListError("none_known", "either there are no known allergies, or one of them is still so: not both")

"""What an OperationOutcome says, in our own words. Its free text is never shown: it may name a patient."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson

# The codes of FHIR's issue-type value set, in our words.
WORDS = {
    "invalid": "what was asked is not valid",
    "structure": "what was asked is built wrongly",
    "required": "something required is missing",
    "value": "a value is not allowed",
    "invariant": "a rule of the format is broken",
    "security": "it is not allowed",
    "login": "a sign-in is needed",
    "unknown": "it does not know who asks",
    "expired": "the sign-in has ended",
    "forbidden": "whoever asks may not have it",
    "suppressed": "something was left out for reasons of privacy",
    "processing": "it could not be worked on",
    "not-supported": "it is not supported",
    "duplicate": "it is there already",
    "multiple-matches": "more than one fits",
    "not-found": "it is not there",
    "deleted": "it was deleted",
    "too-long": "it is too long",
    "code-invalid": "a code is not valid",
    "extension": "an extension is not accepted",
    "too-costly": "it would cost too much work",
    "business-rule": "a rule of theirs forbids it",
    "conflict": "it conflicts with something else",
    "transient": "a passing fault",
    "lock-error": "something is locked",
    "no-store": "its database cannot be reached",
    "exception": "a fault of its own",
    "timeout": "it took too long",
    "incomplete": "the result is incomplete",
    "throttled": "too much was asked at once",
}
SERIOUS = ("fatal", "error", "warning")


def _issues(outcome: Any) -> list[tuple[str, str]]:
    issues = outcome.get("issue") if isinstance(outcome, dict) else None
    found = []
    for issue in issues if isinstance(issues, list) else ():
        if isinstance(issue, dict):
            severity, code = issue.get("severity"), issue.get("code")
            found.append((severity if severity in SERIOUS else "", WORDS.get(str(code), "for a reason of its own")))
    return found


def outcome_words(content: bytes) -> str:
    """What the outcome in an answer says; empty when it holds none."""
    try:
        outcome = orjson.loads(content)
    except orjson.JSONDecodeError:
        return ""
    said = [words for _, words in _issues(outcome)]
    return ", ".join(dict.fromkeys(said))[:300]


class ErrorTally:
    """The errors of an export, counted by what they say."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add_lines(self, content: bytes) -> None:
        """Count outcomes as they stand, one a line; information that is no error is left out."""
        for line in content.splitlines():
            if line.strip():
                try:
                    issues = _issues(orjson.loads(line))
                except orjson.JSONDecodeError:
                    issues = [("error", "for a reason of its own")]
                self.counts.update(words for severity, words in issues if severity)

    def words(self) -> list[str]:
        """One line for each kind of error, the most frequent first."""
        return [
            f"{'1 error' if count == 1 else f'{count:,} errors'} of the server: {what}"
            for what, count in self.counts.most_common()
        ]

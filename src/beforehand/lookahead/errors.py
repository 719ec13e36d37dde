"""What can go wrong with a rule."""

from __future__ import annotations


class LookaheadError(Exception):
    """Base of the look-ahead's errors."""


class RuleError(LookaheadError):
    """A rule, its family or its cases cannot be used; says which file and line, and what to do."""

    def __init__(self, where: str, line: int, what: str) -> None:
        self.where, self.line, self.what = where, line, what
        super().__init__(f"{where}:{line}: {what}")


class AnswerError(LookaheadError):
    """A rule ran but its answer breaks the contract of the result columns."""

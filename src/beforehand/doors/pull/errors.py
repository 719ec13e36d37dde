"""What can go wrong while fetching, by what is to be done: wait, try again, or see to it."""

from __future__ import annotations

from datetime import datetime


class PullingError(Exception):
    """Base of every error of this door. Never holds what a server sent, nor a whole address."""


class TroubleError(PullingError):
    """Somebody has to see to it, or it passes by itself later: ``what`` is wrong and its ``remedy``, in plain words."""

    def __init__(self, what: str, remedy: str, *, is_lost: bool = False, is_refusal: bool = False) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy
        self.is_lost = is_lost  # the fetch under way cannot be taken up again: begin a new one
        self.is_refusal = is_refusal  # this one question is not answered; others may be


class NotYetError(PullingError):
    """The server asked us to come back later; everything stands as it is until then."""

    def __init__(self, until: datetime, *, is_refusal: bool = False) -> None:
        super().__init__(f"to be taken up again at {until.isoformat(timespec='seconds')}")
        self.until = until
        self.is_refusal = is_refusal  # "too many requests" or no answer, not "still preparing"


class BrokenAnswerError(PullingError):
    """The connection could not be made, or broke before the end; asking again may help."""

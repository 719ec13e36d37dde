"""What can go wrong on the way in. Messages say which thing, what is wrong and what to do; never a patient's values."""


class IntakeError(Exception):
    """Base of every intake error."""


class RefusedError(IntakeError):
    """The thing is not taken in. ``reason`` and ``remedy`` are for the sender and the operator."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(f"{reason} {remedy}".strip())
        self.reason = reason
        self.remedy = remedy


class LimitError(RefusedError):
    """The thing is larger, deeper or more numerous than this installation takes in."""


class MissingBytesError(IntakeError):
    """The blob store does not hold the bytes a message promises."""


class StatementError(IntakeError):
    """What a person stated could not be written down as a fact."""


class SourceNameError(IntakeError):
    """What is handed over names a source that does not send; says what to do instead."""

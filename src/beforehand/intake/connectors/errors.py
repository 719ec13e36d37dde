"""What can go wrong in a connector, grouped by what to do about it: try again, skip the item, or stop.

Words are for the sender and the operator; they never hold a patient's values.
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Base of every connector error: why, and what to do."""

    family = "stop"

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(f"{reason} {remedy}".strip())
        self.reason = reason
        self.remedy = remedy


class RetryError(ConnectorError):
    """Nothing is wrong with the bytes; the same call may succeed later."""

    family = "retry"


class StopError(ConnectorError):
    """The message cannot be opened, so none of its items can be told apart; it is refused as a whole."""

    family = "stop"


class ItemError(ConnectorError):
    """One item cannot be read; it is set aside with its place, and the rest of its message is applied."""

    family = "skip"

    def __init__(self, place: str, reason: str, remedy: str = "") -> None:
        super().__init__(reason, remedy)
        self.place = place

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ItemError) and (self.place, self.reason, self.remedy) == (
            other.place,
            other.reason,
            other.remedy,
        )

    def __hash__(self) -> int:
        return hash((self.place, self.reason, self.remedy))

"""Where we may go. A server's answers name addresses; only those the operator stated are ever asked."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urljoin

from beforehand.doors.pull.errors import TroubleError
from beforehand.intake.pull_sources import PullError, origin_of


class Origins:
    """The origins (scheme, host, port) of one server that an operator stated."""

    def __init__(self, base: str, others: Iterable[str] = ()) -> None:
        self.home = origin_of(base)
        self.allowed = frozenset((self.home, *(origin_of(each) for each in others)))

    def check(self, url: str, what: str) -> str:
        """The address, if it may be asked; ``what`` says what it is the address of."""
        try:
            origin = origin_of(url)
        except PullError:
            raise TroubleError(
                f"The server names an address for {what} that is not safe to ask.",
                "Ask whoever runs the server: it must be https, without a name or password in it.",
            ) from None
        if origin not in self.allowed:
            raise TroubleError(
                f"The server names an address for {what} at {origin[:120]}, where nobody allowed us to go.",
                "If that place is theirs, remove the server and add it again with `--origin` naming it too.",
            )
        return url

    def resolve(self, at: str, named: str, what: str) -> str:
        """An address as a server named it, which may be relative to where it was found."""
        try:
            url = urljoin(at, named)
        except ValueError:
            url = ""
        return self.check(url, what)

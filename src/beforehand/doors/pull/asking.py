"""Asking politely: so many requests a second at most, pauses as the server wants them, the token only at home."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

import orjson

from beforehand.doors.pull.clock import LONGEST_WAIT, Clock, told_to_wait
from beforehand.doors.pull.errors import BrokenAnswerError, NotYetError, TroubleError
from beforehand.doors.pull.http import MEGABYTE, Answer, asked
from beforehand.doors.pull.origins import Origins
from beforehand.doors.pull.outcomes import outcome_words
from beforehand.intake.pull_sources import origin_of

FHIR = "application/fhir+json"
BUSY = (429, 503)  # the server says: later
STUMBLED = (408, 500, 502, 504)  # something on the way: perhaps later
TRIES = 6
LONGEST_STEP = 300.0  # between two tries of our own choosing
TOLD = 20  # pauses a server may ask for, one after the other
REDIRECTS = 3
PAGE_LARGEST = 64 * MEGABYTE
PAGE_SECONDS = 300.0
_NOT_NEEDED, _DUE, _TRIED = range(3)  # a new token, after one was refused


class Asking:
    """Everything that is asked of one server in one run."""

    def __init__(self, origins: Origins, clock: Clock, *, per_second: float, patience: float) -> None:
        self.origins = origins
        self.clock = clock
        self.patience = patience  # seconds: a longer pause is left to a later run
        self.token: Callable[[bool], str] | None = None  # True: a new one, the last was refused
        self.per_second = per_second
        self._between = timedelta(seconds=1 / per_second)
        self._next: datetime | None = None
        self.requests = 0

    def wait(self, seconds: float, *, is_refusal: bool = False) -> None:
        """A pause: sat out where it is short, left to a later run where it is not."""
        seconds = min(seconds, LONGEST_WAIT)
        if seconds > self.patience:
            raise NotYetError(self.clock.now() + timedelta(seconds=seconds), is_refusal=is_refusal)
        self.clock.sleep(seconds)

    def back_off(self, tries: int) -> None:
        """A pause of our own choosing after so many tries: 1, 2, 4 ... seconds."""
        self.wait(min(2.0 ** (tries - 1), LONGEST_STEP), is_refusal=True)

    def _keep_the_pace(self) -> None:
        now = self.clock.now()
        if self._next is not None and now < self._next:
            self.clock.sleep((self._next - now).total_seconds())
            now = self.clock.now()
        self._next = now + self._between
        self.requests += 1

    @contextmanager
    def ask(
        self,
        url: str,
        what: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: Callable[[], bytes] | None = None,
        with_token: bool = True,
        seconds: float = PAGE_SECONDS,
    ) -> Iterator[Answer]:
        """The answer of a server that is neither busy nor stumbling; whatever else it says is for the caller.

        ``body`` is called for each try: what is signed may be used once only.
        """
        tries, told, renewal = 0, 0, _NOT_NEEDED
        while True:
            with ExitStack() as stack:
                following = self._follow(url, what, method, headers or {}, body, with_token, seconds, renewal == _DUE)
                renewal = _TRIED if renewal == _DUE else renewal
                try:
                    answer = stack.enter_context(following)
                except BrokenAnswerError:
                    status, pause = 0, None
                else:
                    if answer.status == 401 and with_token and self.token is not None and renewal == _NOT_NEEDED:
                        renewal = _DUE
                        continue
                    status, pause = answer.status, told_to_wait(answer.header("Retry-After"), self.clock.now())
                    if not (status in BUSY or (status in STUMBLED and method == "GET")):
                        yield answer
                        return
            if status in BUSY and pause is not None and told < TOLD:
                told += 1
                self.wait(max(pause, 1.0), is_refusal=True)
                continue
            tries += 1
            if tries >= TRIES or told >= TOLD:
                raise _given_up(status, what)
            self.back_off(tries)

    @contextmanager
    def _follow(
        self,
        url: str,
        what: str,
        method: str,
        headers: Mapping[str, str],
        body: Callable[[], bytes] | None,
        with_token: bool,
        seconds: float,
        is_renewed: bool,
    ) -> Iterator[Answer]:
        """The answer behind up to three redirects, each to a place that is allowed; the token stays at its origin."""
        self.origins.check(url, what)
        token = self.token(is_renewed) if with_token and self.token is not None else ""
        for _ in range(REDIRECTS + 1):
            self._keep_the_pace()
            sent = {**headers, "Authorization": f"Bearer {token}"} if token else dict(headers)
            content = body() if body is not None else None
            with asked(url, clock=self.clock, method=method, headers=sent, body=content, seconds=seconds) as answer:
                if method != "GET" or answer.status not in (301, 302, 303, 307, 308):
                    yield answer
                    return
                named = answer.header("Location")
            onward = self.origins.resolve(url, named, what)
            if origin_of(onward) != origin_of(url):
                token = ""
            url = onward
        raise TroubleError(f"The server sends us round and round for {what}.", "Ask whoever runs it.")

    def page(self, url: str, what: str, *, accept: str = FHIR, with_token: bool = True) -> tuple[Answer, bytes]:
        """A short answer, read whole; asked again where it breaks off."""
        for tries in range(1, TRIES + 1):
            try:
                headers = {"Accept": accept, "Accept-Encoding": "gzip"}
                with self.ask(url, what, headers=headers, with_token=with_token) as answer:
                    return answer, answer.read(PAGE_LARGEST, what)
            except BrokenAnswerError:
                if tries == TRIES:
                    break
                self.back_off(tries)
        raise TroubleError(
            f"The answer for {what} breaks off again and again.", "Check the network between us and them."
        )

    def json(
        self, url: str, what: str, *, accept: str = FHIR, with_token: bool = True
    ) -> tuple[Answer, dict[str, Any]]:
        """A short answer that is a JSON object and means success."""
        answer, content = self.page(url, what, accept=accept, with_token=with_token)
        if answer.status != 200:
            raise refused(answer.status, content, what)
        return answer, json_object(content, what)


def _given_up(status: int, what: str) -> TroubleError:
    if not status:
        return TroubleError("The server cannot be reached.", "Check the address and the network; it is tried again.")
    return TroubleError(
        f"The server answers {status} again and again for {what}.",
        "It may be overloaded or being mended; it is tried again. If it stays so, ask whoever runs it.",
    )


def json_object(content: bytes, what: str) -> dict[str, Any]:
    """The JSON object a server sent."""
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise TroubleError(
            f"The answer for {what} is no JSON object.", "Check that the address is the base of a FHIR server."
        )
    return value


def refused(status: int, content: bytes, what: str, *, is_lost: bool = False) -> TroubleError:
    """Why the server does not give what was asked, in our words; its own are never shown, they may name a patient."""
    said = outcome_words(content)
    remedies = {
        400: "Ask whoever runs the server what it supports, and remove what it does not (types, level, searches).",
        401: "Check the client id, and that the server has our keys (`beforehand pull keys`) or the token is in force.",
        403: "Ask whoever runs the server to grant the scopes this needs.",
        404: "Check the address, the level and the group.",
    }
    return TroubleError(
        f"The server answers {status} for {what}{': ' + said if said else ''}.",
        remedies.get(status, "Ask whoever runs the server."),
        is_lost=is_lost,
        is_refusal=400 <= status < 500 and status != 401,
    )

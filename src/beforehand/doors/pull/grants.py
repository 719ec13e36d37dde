"""How we are let in: our key (SMART backend services), a refresh token, or a token that was given to us.

A token lives in memory until it ends; only what was given to us (a refresh token, a token) is kept, among the keys
of the home. Nothing of it is ever printed or logged.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from beforehand.doors.pull.asking import Asking, json_object
from beforehand.doors.pull.errors import BrokenAnswerError, TroubleError
from beforehand.doors.pull.http import MEGABYTE
from beforehand.doors.pull.keys import ALGORITHMS, keep_secret, kept_file, signed
from beforehand.doors.pull.origins import Origins
from beforehand.intake.models import PullSource

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 240  # SMART allows five minutes at most
EARLY = timedelta(seconds=30)  # a token about to end is not sent
SHORTEST = 60.0  # where the server does not say how long a token lasts
LARGEST = MEGABYTE
SCOPES = {"KEY": "system/*.rs", "REFRESH": ""}
GIVE = "Give it by `beforehand pull token`."


def given_token(pull: PullSource) -> str:
    """What the operator handed over for this server."""
    path = kept_file(f"pull-{pull.pk}.token")
    if not path.is_file():
        raise TroubleError(f"No token of {pull.source.name} is kept here.", GIVE)
    return path.read_text().strip()


def keep_given_token(pull: PullSource, token: str) -> None:
    """Keep what was handed over, or the refresh token that took its place."""
    keep_secret(kept_file(f"pull-{pull.pk}.token"), token.encode())


def forget_given_token(pull: PullSource) -> None:
    """Of a server that is asked no more."""
    kept_file(f"pull-{pull.pk}.token").unlink(missing_ok=True)


class Grant:
    """The token of one server, fetched when it is first needed and again when it ends."""

    def __init__(self, pull: PullSource, asking: Asking) -> None:
        self.pull = pull
        self.patient = ""  # whom a patient's token is for, where the server says so
        self._asking = asking
        self._token = ""
        self._ends_at: datetime | None = None
        self._place: tuple[str, str] | None = None

    def token(self, is_refused: bool = False) -> str:
        """A token in force; empty where none is needed."""
        if self.pull.authorisation == "NONE":
            return ""
        if self.pull.authorisation == "BEARER":
            return given_token(self.pull)
        if is_refused or not self._token or self._ends_at is None or self._asking.clock.now() >= self._ends_at:
            self._fetch()
        return self._token

    def _fetch(self) -> None:
        address, algorithm = self._place or self._discovered()
        self._place = (address, algorithm)
        answered = self._asked(address, lambda: urlencode(self._form(address, algorithm)).encode())
        token, lasts = answered.get("access_token"), answered.get("expires_in")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise TroubleError("The server let us in without a token.", "Ask whoever runs it.")
        seconds = float(lasts) if isinstance(lasts, int | float) and lasts > 0 else SHORTEST
        now = self._asking.clock.now()
        early = min(EARLY, timedelta(seconds=seconds / 10))
        self._token, self._ends_at = token, now + timedelta(seconds=min(seconds, 86400)) - early
        following = answered.get("refresh_token")
        if self.pull.authorisation == "REFRESH" and isinstance(following, str) and following:
            keep_given_token(self.pull, following)  # the one before may be good for nothing now
        patient = answered.get("patient")
        self.patient = patient if isinstance(patient, str) else ""

    def _form(self, address: str, algorithm: str) -> dict[str, str]:
        scope = self.pull.scope or SCOPES[self.pull.authorisation]
        if self.pull.authorisation == "REFRESH":
            form = {"grant_type": "refresh_token", "refresh_token": given_token(self.pull)}
            return {**form, "client_id": self.pull.client_id, **({"scope": scope} if scope else {})}
        now = int(self._asking.clock.now().timestamp())
        claims = {
            "iss": self.pull.client_id,
            "sub": self.pull.client_id,
            "aud": address,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(24),
        }
        return {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": ASSERTION,
            "client_assertion": signed(claims, algorithm),
        }

    def _discovered(self) -> tuple[str, str]:
        """Where tokens are given, and in which algorithm we sign; as the server says, within what we allow."""
        url = f"{self.pull.url}/.well-known/smart-configuration"
        _, said = self._asking.json(url, "its SMART configuration", accept="application/json", with_token=False)
        accepted = said.get("token_endpoint_auth_signing_alg_values_supported")
        offered = accepted if isinstance(accepted, list) else list(ALGORITHMS)
        algorithm = next((each for each in ALGORITHMS if each in offered), "")
        if not algorithm and self.pull.authorisation == "KEY":
            raise TroubleError(
                "The server takes neither of the signatures SMART asks for (ES384, RS384).", "Ask whoever runs it."
            )
        named = said.get("token_endpoint")
        if self.pull.token_url:
            return self.pull.token_url, algorithm
        if not isinstance(named, str):
            raise TroubleError("The server does not say where tokens are given.", "Add it again with `--token-url`.")
        return self._asking.origins.check(named, "its tokens"), algorithm

    def _asked(self, address: str, form: Callable[[], bytes]) -> dict[str, Any]:
        """One question to the place of tokens; it may lie at an origin of its own that the operator named."""
        mine = self._asking
        asking = Asking(Origins(address), mine.clock, per_second=mine.per_second, patience=mine.patience)
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        try:
            with asking.ask(address, "a token", method="POST", headers=headers, body=form, with_token=False) as answer:
                content = answer.read(LARGEST, "a token")
        except BrokenAnswerError as error:
            raise TroubleError("The answer for a token broke off.", "It is tried again.") from error
        if answer.status != 200:
            raise self._not_let_in(answer.status, content)
        return json_object(content, "a token")

    def _not_let_in(self, status: int, content: bytes) -> TroubleError:
        """By the closed list of OAuth's reasons; what else the server writes is not shown."""
        try:
            reason = json_object(content, "a token").get("error")
        except TroubleError:
            reason = None
        words = {
            "invalid_client": (
                "does not know our client id or our key",
                "Have the client id registered with the keys of `beforehand pull keys`; compare the two clocks.",
            ),
            "invalid_grant": ("no longer accepts the refresh token", GIVE),
            "unauthorized_client": ("does not let this client in this way", "Ask whoever runs it."),
            "invalid_scope": ("does not grant the scopes", "Ask which it grants; name them with `--scope`."),
            "invalid_request": ("finds the request for a token wrong", "Ask whoever runs it."),
            "unsupported_grant_type": ("does not let clients in this way", "Ask whoever runs it."),
        }
        what, remedy = words.get(str(reason), (f"gives no token (it answers {status})", "Ask whoever runs it."))
        return TroubleError(f"The server {what}.", remedy)

"""How the sign-in library behaves here: no self-registration, no e-mail, second-factor secrets encrypted."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library carries no types
    """Accounts are made by an administrator (``record.users``)."""

    def is_open_for_signup(self, request: Any) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Setting up the first second factor right after signing in does not ask for the password twice."""
        user = self.request.user
        signed_in = [record["at"] for record in get_authentication_records(self.request, user)]
        just_now = bool(signed_in) and time.time() - signed_in[-1] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
        if just_now and not is_mfa_enabled(user):
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing is sent: an e-mail about an account would be a way in beside the administrator."""


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # the library carries no types
    """A copied database alone must not let anybody compute sign-in codes."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(settings.SIGN_IN_KEY.encode()).digest()))


def name_tried(request: Any, credentials: Any = None) -> str:
    """The user name of a sign-in attempt, for counting wrong passwords; folded, so that case gives no extra tries."""
    name = (credentials or {}).get("username") or (request.POST.get("login") if request is not None else "") or ""
    return str(name).lower()


def answer_locked_out(
    request: Any, response: Any = None, credentials: Any = None, *args: Any, **kwargs: Any
) -> HttpResponse:
    """Too many wrong passwords: the same words whether or not such an account exists."""
    return render(request, "gate/locked_out.html", status=429)

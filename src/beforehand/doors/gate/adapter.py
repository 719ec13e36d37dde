"""How the sign-in library behaves here: no self-registration, no e-mail, second-factor secrets encrypted."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library carries no types
    """Accounts are made by an administrator (``record.users``)."""

    def is_open_for_signup(self, request: Any) -> bool:
        return False

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


def answer_locked_out(
    request: Any, response: Any = None, credentials: Any = None, *args: Any, **kwargs: Any
) -> HttpResponse:
    """Too many wrong passwords: the same words whether or not such an account exists."""
    return render(request, "gate/locked_out.html", status=429)

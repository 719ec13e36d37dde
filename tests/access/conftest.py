"""Fixtures for pages behind the gate."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from beforehand.record import access_policy
from beforehand.record.access import READ_RECORD, WORK_NEEDS
from beforehand.record.access_policy import FORM, SIGNED_IN, WRITES, Row


@pytest.fixture
def gate(settings, monkeypatch):
    """The site of ``gate_urls`` with rows for its pages."""
    settings.ROOT_URLCONF = "tests.access.gate_urls"
    for name, row in {
        "today": Row(SIGNED_IN),
        "person": Row(READ_RECORD),
        "several": Row(READ_RECORD),
        "rename": Row(WORK_NEEDS, WRITES),
        **{name: Row(SIGNED_IN, FORM) for name in ("people", "sorting", "operations", "team", "search", "keys")},
    }.items():
        monkeypatch.setitem(access_policy.POLICY, name, row)
    monkeypatch.delitem(access_policy.POLICY, "unlisted", raising=False)
    return settings


@pytest.fixture
def signed_in():
    """A client of a user who has signed in, with the second factor set up."""

    def sign_in(user, *, second_factor=True, **kwargs):
        if second_factor:
            TOTP.activate(user, "JBSWY3DPEHPK3PXP")
        client = Client(**kwargs)
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in

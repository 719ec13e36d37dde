"""Signing in: password, then a code; wrong ones lock out; what is said gives no account away."""

import re
import time

import pytest
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client

from tests.access.people import PASSWORD, make_patient, make_team, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("gate")]
SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def no_earlier_requests():
    """The limit of requests a minute counts in the cache, across tests."""
    cache.clear()


def code_of(secret):
    return format_hotp_value(hotp_value(secret, int(time.time()) // app_settings.TOTP_PERIOD))


def sign_in(client, username, password=PASSWORD):
    return client.post("/account/login/", {"login": username, "password": password})


def test_first_sign_in_sets_up_the_second_factor_and_later_ones_ask_for_it():
    user = make_user("COORDINATOR", password=PASSWORD)
    client = Client()
    sign_in(client, user.username)
    response = client.get("/", follow=True)
    assert response.redirect_chain[0][0].startswith("/account/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    response = client.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    assert response.status_code == 302, response.content
    assert client.get("/").content == b"home"
    again = Client()
    response = sign_in(again, user.username)
    assert response.headers["Location"].startswith("/account/2fa/authenticate/")
    assert again.get("/").status_code == 302  # the password alone opens nothing


def test_right_code_lets_in_and_wrong_code_does_not():
    user = make_user("COORDINATOR", password=PASSWORD)
    TOTP.activate(user, SECRET)
    client = Client()
    sign_in(client, user.username)
    assert client.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert client.get("/").status_code == 302
    client.post("/account/2fa/authenticate/", {"code": code_of(SECRET)})
    assert client.get("/").content == b"home"


def test_recovery_codes_come_with_the_second_factor_and_let_in_once():
    user = make_user("COORDINATOR", password=PASSWORD)
    client = Client()
    sign_in(client, user.username)
    client.get("/account/2fa/totp/activate/")
    client.post("/account/2fa/totp/activate/", {"code": code_of(client.session["mfa.totp.secret"])})
    recovery = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES).wrap()
    code = recovery.get_unused_codes()[0]
    for expected in (True, False):
        again = Client()
        sign_in(again, user.username)
        again.post("/account/2fa/authenticate/", {"code": code})
        assert (again.get("/").content == b"home") is expected


def test_second_factor_secrets_are_not_in_the_database_in_the_clear():
    user = make_user(password=PASSWORD)
    TOTP.activate(user, SECRET)
    assert SECRET not in str(Authenticator.objects.get(user=user).data)


def test_passkeys_can_be_added_without_inline_script(signed_in):
    client = Client()
    user = make_user("COORDINATOR", password=PASSWORD)
    sign_in(client, user.username)
    page = client.get("/account/2fa/webauthn/add/")
    assert page.status_code == 200
    scripts = re.findall(rb"<script([^>]*)>", page.content)
    assert scripts
    assert all(b"src=" in script or b'type="application/json"' in script for script in scripts)


def test_five_wrong_passwords_lock_out_even_the_right_one():
    user = make_user(password=PASSWORD)
    client = Client()
    for _ in range(5):
        response = sign_in(client, user.username, "wrong wrong wrong")
    assert response.status_code == 429
    assert sign_in(client, user.username).status_code == 429
    assert client.get("/").status_code == 302


def test_unknown_account_and_wrong_password_read_the_same():
    user = make_user(password=PASSWORD)
    pages = []
    for name in (user.username, "no-such-name"):
        client = Client()
        answers = [sign_in(client, name, "wrong wrong wrong") for _ in range(6)]
        words = [answer.content.decode().replace(name, "NAME") for answer in answers]
        pages.append(
            [
                (a.status_code, re.sub('csrfmiddlewaretoken" value="[^"]+"', "", w))
                for a, w in zip(answers, words, strict=True)
            ]
        )
    assert pages[0] == pages[1]


def test_deactivated_account_cannot_sign_in():
    user = make_user(password=PASSWORD, is_active=False)
    client = Client()
    sign_in(client, user.username)
    assert "_auth_user_id" not in client.session


def test_signing_out_ends_the_session(signed_in):
    team = make_team()
    patient = make_patient(team)
    client = signed_in(make_user("COORDINATOR", team))
    assert client.get(f"/person/{patient.pk}/").status_code == 200
    client.post("/account/logout/")
    assert client.get(f"/person/{patient.pk}/").status_code == 302


def test_session_gets_a_new_key_at_sign_in():
    user = make_user(password=PASSWORD)
    client = Client()
    client.get("/account/login/")
    session = client.session
    session["planted"] = 1
    session.save()
    before = session.session_key
    sign_in(client, user.username)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.session.session_key != before


def test_cookies_are_out_of_reach_of_scripts_and_other_sites():
    user = make_user(password=PASSWORD)
    client = Client()
    sign_in(client, user.username)
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


def test_posts_without_the_token_of_the_form_are_refused(signed_in):
    client = signed_in(make_user(), enforce_csrf_checks=True)
    assert client.post("/lock/").status_code == 403

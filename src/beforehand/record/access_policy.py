"""The policy table: every route, who may use it, and by which methods. A route without a row is refused.

``doors/gate`` enforces it; ``tests/access`` walks the addresses of the site and fails when a row is missing.
What a route shows of which patient is not decided here but by ``record.access``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from beforehand.record.roles import (
    ASSIGN_WORK,
    BREAK_GLASS,
    DECIDE_IDENTITY,
    READ_AUDIT,
    READ_RECORD,
    RECONCILE,
    WORK_NEEDS,
    WORK_QUARANTINE,
    Capability,
)


class Who(Enum):
    """Whom a route is for, where no capability is needed."""

    PUBLIC = "anybody"
    SIGNED_IN = "anybody signed in"
    NOBODY = "nobody: closed on purpose"


PUBLIC, SIGNED_IN, NOBODY = Who.PUBLIC, Who.SIGNED_IN, Who.NOBODY


@dataclass(frozen=True)
class Row:
    """Who may use a route and how.

    ``before_second_factor``: open to somebody who has not set up the second factor yet (to set it up, or leave).
    ``while_locked``: open while the idle lock is on. ``is_background``: asked for by a page that stands open, so it
    says nothing of whether somebody is there, and does not keep the idle lock off. ``commits_itself``: what it keeps
    must be on disk whatever comes after, so its view makes its own transactions.
    """

    who: Who | Capability
    methods: tuple[str, ...] = ("GET",)
    before_second_factor: bool = False
    while_locked: bool = False
    is_background: bool = False
    commits_itself: bool = False

    def allows_method(self, method: str) -> bool:
        """HEAD is a GET without its body."""
        return ("GET" if method == "HEAD" else method) in self.methods


READS = ("GET",)
WRITES = ("POST",)
FORM = ("GET", "POST")

SIGN_IN: dict[str, Row] = {
    "account_login": Row(PUBLIC, FORM),
    "account_logout": Row(SIGNED_IN, FORM, before_second_factor=True, while_locked=True),
    "account_inactive": Row(PUBLIC),
    "account_reauthenticate": Row(SIGNED_IN, FORM, before_second_factor=True),
    "account_change_password": Row(SIGNED_IN, FORM),
    "mfa_authenticate": Row(PUBLIC, FORM),
    "mfa_reauthenticate": Row(SIGNED_IN, FORM),
    "mfa_index": Row(SIGNED_IN, before_second_factor=True),
    "mfa_activate_totp": Row(SIGNED_IN, FORM, before_second_factor=True),
    "mfa_deactivate_totp": Row(SIGNED_IN, FORM),
    "mfa_view_recovery_codes": Row(SIGNED_IN),
    "mfa_generate_recovery_codes": Row(SIGNED_IN, FORM),
    "mfa_download_recovery_codes": Row(SIGNED_IN, FORM),
    "mfa_list_webauthn": Row(SIGNED_IN, before_second_factor=True),
    "mfa_add_webauthn": Row(SIGNED_IN, FORM, before_second_factor=True),
    "mfa_edit_webauthn": Row(SIGNED_IN, FORM),
    "mfa_remove_webauthn": Row(SIGNED_IN, FORM),
    "mfa_reauthenticate_webauthn": Row(SIGNED_IN, FORM),
    "mfa_login_webauthn": Row(PUBLIC, FORM),
}

# Accounts are made by an administrator and passwords reset by one: no e-mail, no self-registration.
CLOSED: dict[str, Row] = {
    name: Row(NOBODY, ())
    for name in (
        "account_signup",
        "account_signup_by_passkey",
        "account_email",
        "account_email_verification_sent",
        "account_confirm_email",
        "account_set_password",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "account_confirm_login_code",
        "account_request_login_code",
        "mfa_signup_webauthn",
        "mfa_trust",
    )
}

GATE: dict[str, Row] = {
    "gate:lock": Row(SIGNED_IN, FORM, while_locked=True),
    "gate:unlock": Row(SIGNED_IN, WRITES, while_locked=True),
    "gate:break_glass": Row(BREAK_GLASS, FORM),
    "gate:break_glass_list": Row(READ_AUDIT),
}

COORDINATOR: dict[str, Row] = {
    "today": Row(READ_RECORD),
    "today_rows": Row(READ_RECORD, is_background=True),
    "people": Row(READ_RECORD),
    "search": Row(READ_RECORD, FORM),
    "person": Row(READ_RECORD),
    "person_history": Row(READ_RECORD),
    "medicines": Row(READ_RECORD),
    "allergies": Row(READ_RECORD),
    "problems": Row(READ_RECORD),
    "reconcile_medicines": Row(RECONCILE, FORM),
    "reconcile_allergies": Row(RECONCILE, FORM),
    "reconcile_problems": Row(RECONCILE, FORM),
    "signed_list": Row(READ_RECORD),
    "signed_list_print": Row(READ_RECORD),
    "signed_list_give": Row(RECONCILE, WRITES),
    "signed_list_undo": Row(RECONCILE, WRITES),
    "giving_undo": Row(RECONCILE, WRITES),
    "differences": Row(READ_RECORD),
    "difference_settle": Row(RECONCILE, WRITES),
    "settlement_undo": Row(RECONCILE, WRITES),
    "provenance": Row(READ_RECORD),
    "original": Row(READ_RECORD),
    "need": Row(READ_RECORD),
    "need_add": Row(WORK_NEEDS, FORM),
    "need_happened": Row(WORK_NEEDS, FORM),
    "need_snooze": Row(WORK_NEEDS, FORM),
    "need_dismiss": Row(WORK_NEEDS, FORM),
    "need_hand_over": Row(WORK_NEEDS, FORM),
    "need_plan": Row(WORK_NEEDS, FORM),
    "need_close": Row(WORK_NEEDS, FORM),
    "need_take": Row(WORK_NEEDS, WRITES),
    "undo": Row(WORK_NEEDS, WRITES),
    "sorting": Row(WORK_QUARANTINE),
    "item": Row(WORK_QUARANTINE),
    "item_retry": Row(WORK_QUARANTINE, WRITES),
    "item_refuse": Row(WORK_QUARANTINE, WRITES),
    "item_content": Row(WORK_QUARANTINE),
    "item_file": Row(WORK_QUARANTINE, WRITES),
    "filing_undo": Row(WORK_QUARANTINE, WRITES),
    "document_add": Row(WORK_QUARANTINE, WRITES),
    "matches": Row(DECIDE_IDENTITY),
    "match": Row(DECIDE_IDENTITY, FORM),
    "statement_settle": Row(DECIDE_IDENTITY, WRITES),
    "decision_undo": Row(DECIDE_IDENTITY, WRITES),
    "operations": Row(WORK_QUARANTINE),
    "team": Row(ASSIGN_WORK, FORM),
    "calendars": Row(READ_RECORD, FORM),
    "calendar_revoke": Row(READ_RECORD, WRITES),
    "person_calendars": Row(READ_RECORD, FORM),
    "document": Row(READ_RECORD),
    "document_content": Row(READ_RECORD),
    "keys": Row(SIGNED_IN, READS),
    "gallery": Row(SIGNED_IN, READS),
}

# Ways in and out that know their caller by something else than a session: a signature, or an address nobody can guess.
INBOX: dict[str, Row] = {
    "inbox:webhook": Row(PUBLIC, WRITES, commits_itself=True),
    "feed:calendar": Row(PUBLIC),
}

POLICY: dict[str, Row] = {**SIGN_IN, **CLOSED, **GATE, **COORDINATOR, **INBOX}

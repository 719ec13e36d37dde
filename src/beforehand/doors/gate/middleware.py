"""Deny by default: a request goes through only where the policy table says so, and leaves its trace."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode

from beforehand.doors.gate import lock
from beforehand.record.access import AccessRefusedError, PatientNotVisibleError, for_principal, principal_of
from beforehand.record.access_policy import NOBODY, POLICY, PUBLIC, Row
from beforehand.record.audit import READ, Trail, collecting, write_event
from beforehand.record.roles import Capability

logger = logging.getLogger(__name__)
SAFE_METHODS = ("GET", "HEAD")


class GateMiddleware:
    """Enforces ``record.access_policy``, gives views ``request.principal`` and ``request.access``, writes the audit."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.request_id = uuid.uuid4().hex
        request.principal = principal_of(request.user)
        request.access = for_principal(request.principal)
        route, row = _policy_of(request)
        if route is None:
            return self.get_response(request)  # no such address: Django answers "not found"
        refusal = self._refuse(request, route, row)
        response = refusal if refusal is not None else self._answer(request, route, row)
        if row is None or row.who is not PUBLIC:
            response.headers["Cache-Control"] = "no-store"
            patch_vary_headers(response, ["Cookie"])
        return response

    def process_exception(self, request: Any, exception: Exception) -> HttpResponse | None:
        """A patient out of reach is "not found", like one that does not exist; a thing not allowed says so."""
        if isinstance(exception, PatientNotVisibleError):
            request.gate_refusal = "NOT_FOUND"
            return render(request, "gate/not_found.html", status=404)
        if isinstance(exception, AccessRefusedError):
            request.gate_refusal = "REFUSED"
            return render(request, "gate/refused.html", status=403)
        if isinstance(exception, Http404):
            return render(request, "gate/not_found.html", status=404)
        return None

    def _refuse(self, request: Any, route: str, row: Row | None) -> HttpResponse | None:
        """The answer to somebody who may not pass, or None."""
        if row is None:
            logger.error("route %s has no row in record.access_policy and is refused", route)
            return render(request, "gate/not_found.html", status=404)
        if row.who is NOBODY:
            return render(request, "gate/not_found.html", status=404)
        if not row.allows_method(request.method):
            return HttpResponseNotAllowed(row.methods)
        if row.who is PUBLIC:
            return None
        if not request.user.is_authenticated:
            return _go(request, "account_login")
        if lock.is_locked(request) and not row.while_locked:
            return lock.ask_password(request)
        if not row.is_background:
            lock.note_activity(request)
        if _lacks_second_factor(request) and not row.before_second_factor:
            return _go(request, "mfa_activate_totp")
        if isinstance(row.who, Capability) and not request.principal.may(row.who):
            write_event(request.principal, route, patients={}, method=request.method, outcome="REFUSED")
            return render(request, "gate/refused.html", status=403)
        return None

    def _answer(self, request: Any, route: str, row: Row | None) -> HttpResponse:
        """Run the view; a change and its audit event are one transaction. What is refused halfway changed nothing."""
        with collecting() as trail:
            if request.method in SAFE_METHODS or (row is not None and row.commits_itself):
                response = self.get_response(request)
                _write(request, route, trail, response)
                return response
            with transaction.atomic():
                response = self.get_response(request)
                if response.status_code < 500 and not getattr(request, "gate_refusal", ""):
                    _write(request, route, trail, response)
                    return response
                transaction.set_rollback(True)
            _write(request, route, trail, response)
            return response


def _policy_of(request: HttpRequest) -> tuple[str | None, Row | None]:
    try:
        match = resolve(request.path_info, getattr(request, "urlconf", None))
    except Resolver404:
        return None, None
    return match.view_name, POLICY.get(match.view_name)


def _go(request: Any, name: str) -> HttpResponse:
    """Send the browser to a page; a fragment request moves the whole page instead of swapping a part."""
    came_from = request.get_full_path() if request.method in SAFE_METHODS and not request.htmx else "/"
    address = f"{reverse(name)}?{urlencode({'next': came_from})}"
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def _lacks_second_factor(request: Any) -> bool:
    return settings.REQUIRE_MFA and not is_mfa_enabled(request.user)


def _write(request: Any, route: str, trail: Trail, response: HttpResponse) -> None:
    """One event for a request that touched patients or did something; refusals of a named patient too."""
    refusal = getattr(request, "gate_refusal", "")
    if not (trail.patients or trail.actions or refusal):
        return
    was_taken_back = bool(refusal) or response.status_code >= 500
    outcome = refusal or ("OK" if response.status_code < 400 else f"HTTP_{response.status_code}")
    action = f"{route}: {', '.join(trail.actions)}" if trail.actions else route
    asked = request.resolver_match.kwargs.get("patient_id") if refusal and request.resolver_match else None
    reason = "; ".join([*trail.reasons, *([f"asked for patient {asked}"] if asked is not None else [])])
    write_event(
        request.principal,
        action,
        patients=dict.fromkeys(trail.patients, READ) if was_taken_back else trail.patients,
        method=request.method,
        outcome=outcome,
        reason=reason,
        request_id=request.request_id,
    )

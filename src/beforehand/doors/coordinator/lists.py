"""Lists: as they stand, going through one and signing it, the signed list, handing it out, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beforehand.care.medicines.answers import MOST_ADDED, Added, Answer, ListError, Review
from beforehand.care.medicines.handing import HOW, give_list, handed, last_opened, undo_giving
from beforehand.care.medicines.lines import KINDS, ListNow, list_of
from beforehand.care.medicines.seen import Difference, NotSeenError, sealed
from beforehand.care.medicines.signed import SignedListError, changed_since, named_list, signed_lists
from beforehand.care.medicines.signing import ListChangedError, sign_list, undo_signing
from beforehand.doors.coordinator import present_lists, wording
from beforehand.record.access import RECONCILE
from beforehand.record.contradictions import Contradiction, contradictions_of
from beforehand.record.models import Patient

_KIND_OF = {"medicines": "medicine", "allergies": "allergy", "problems": "problem"}


def _differing(request: Any, patient: Patient, kind: str) -> list[Contradiction]:
    return contradictions_of(request.access, patient.pk, kinds=(_KIND_OF[kind],))


def _routes(kind: str) -> tuple[str, ...]:
    return (kind, f"reconcile_{kind}", "signed_list", "signed_list_print")


@require_safe
def standing(request: Any, patient_id: int, kind: str) -> HttpResponse:
    """One list as it stands: each line once with what every source says, and who saw the list last."""
    patient = request.access.patient(patient_id)
    now = list_of(request.principal, patient.pk, kind, as_of=wording.today())
    signings = signed_lists(request.principal, patient.pk, kind)
    given = handed(request.principal, patient.pk, as_of=now.as_of, list_id=signings[0].list_id) if signings else []
    changed = changed_since(named_list(request.principal, signings[0].list_id), now) if signings else []
    context = present_lists.standing(now, _differing(request, patient, kind), reverse("person", args=[patient.pk])) | {
        "title": f"{present_lists.TITLES[kind]} of person {patient.pk}",
        "name": patient.display_name or "Name unknown",
        "saw": present_lists.who_saw(signings, last_opened(request.principal, patient.pk, _routes(kind)), given),
        "changed": [present_lists.difference(one) for one in changed],
        "may_sign": request.principal.may(RECONCILE),
        "sign_url": reverse(f"reconcile_{kind}", args=[patient.pk]),
    }
    return render(request, "coordinator/list_now.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def reconcile(request: Any, patient_id: int, kind: str) -> HttpResponse:
    """Go through a list line by line, and sign it as it was seen."""
    patient = request.access.patient(patient_id)
    now = list_of(request.principal, patient.pk, kind, as_of=wording.today())
    if request.method != "POST":
        return _form(request, patient, now, {}, {}, [])
    given = request.POST
    try:
        list_id = sign_list(
            patient_id=patient.pk, kind=kind, review=_review(now, given), seen=given.get("seen", ""), by=request.user
        )
    except ListChangedError as changed:
        return _form(request, patient, changed.now, given, {}, changed.differences)
    except NotSeenError as error:
        return _form(request, patient, now, given, {"": f"Not signed: {error}."}, [])
    except ListError as error:
        return _form(request, patient, now, given, _errors(now, given, error), [])
    words = f"{present_lists.TITLES[kind]} signed. It counts as gone through today."
    messages.success(request, words, extra_tags=reverse("signed_list_undo", args=[list_id]))
    there = reverse("signed_list", args=[list_id])
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = there
        return response
    return HttpResponseRedirect(there)


def _review(now: ListNow, given: Mapping[str, str]) -> Review:
    answers = [
        Answer(line.key, given.get(f"answer-{line.key}", ""), given.get(f"words-{line.key}", ""))
        for line in now.current
    ]
    pairs = [(given.get(f"added-name-{n}", ""), given.get(f"added-words-{n}", "")) for n in range(MOST_ADDED)]
    added = [Added(name, words) for name, words in pairs if name.strip() or words.strip()]
    none_known = bool(given.get("none_known"))
    return Review(answers, given.get("told_by", ""), added, none_known, given.get("note", ""))


def _errors(now: ListNow, given: Mapping[str, str], first: ListError) -> dict[str, str]:
    """What is missing on every line at once, not only the first."""
    missing = {
        line.key: "Say what holds, or that you are not sure."
        for line in now.current
        if not given.get(f"answer-{line.key}")
    }
    if not given.get("told_by"):
        missing["told_by"] = "Say who told you."
    words = str(first)
    return {first.field: f"{words[:1].upper()}{words[1:]}."} | missing


def _form(
    request: Any, patient: Patient, now: ListNow, given: Mapping[str, str], errors: dict[str, str],
    changed: list[Difference],
) -> HttpResponse:  # fmt: skip
    context = {
        "title": f"Go through {present_lists.TITLES[now.kind].lower()} of person {patient.pk}",
        "name": patient.display_name or "Name unknown",
        "action": reverse(f"reconcile_{now.kind}", args=[patient.pk]),
        "back": reverse(now.kind, args=[patient.pk]),
        "it": present_lists.form(
            now,
            sealed(now, user_id=request.user.pk),
            given,
            contradictions=_differing(request, patient, now.kind),
            errors=errors,
            changed=changed,
        ),
    }
    template = "coordinator/list_sign.html#panel" if request.htmx else "coordinator/list_sign.html"
    return render(request, template, context, status=422 if errors or changed else 200)


def _signed(request: Any, list_id: int) -> tuple[Any, Patient, list[Difference]]:
    signed = named_list(request.principal, list_id)
    patient = request.access.patient(signed.patient_id)
    now = list_of(request.principal, patient.pk, signed.kind, as_of=wording.today())
    return signed, patient, changed_since(signed, now)


@require_safe
def signed_list(request: Any, list_id: int) -> HttpResponse:
    """A signed list as it was, what has changed since, and to whom it was given."""
    signed, patient, changed = _signed(request, list_id)
    today = wording.today()
    given = handed(request.principal, patient.pk, as_of=today, list_id=list_id)
    newest = signed_lists(request.principal, patient.pk, signed.kind)
    opened = last_opened(request.principal, patient.pk, _routes(signed.kind))
    context = present_lists.signed(signed, changed, given, today) | {
        "title": f"Signed list {list_id}",
        "name": patient.display_name or "Name unknown",
        "opened": [f"{name}, {wording.moment_words(at)}" for name, at in opened[:4]],
        "may_sign": request.principal.may(RECONCILE),
        "is_newest": bool(newest) and newest[0].list_id == list_id,
        "newest_url": reverse("signed_list", args=[newest[0].list_id]) if newest else "",
        "ways": HOW,
    }
    return render(request, "coordinator/list_signed.html", context)


@require_safe
def signed_list_print(request: Any, list_id: int) -> HttpResponse:
    """A clean page to print and hand to a doctor or the family, in plain words."""
    signed, patient, changed = _signed(request, list_id)
    context = present_lists.printed(signed, changed) | {
        "title": f"Signed list {list_id}",
        "heading": present_lists.TITLES[signed.kind],
        "name": patient.display_name or "Name unknown",
        "born": wording.date_words(patient.birth_from_day)
        if patient.birth_from_day == patient.birth_to_day
        else "unknown",
        "by": signed.by,
        "when": present_lists.when_signed(signed),
        "told_by": signed.told_by_words,
        "none_known": signed.none_known,
        "note": signed.note,
        "is_medicines": signed.kind == "medicines",
        "hidden": signed.hidden,
        "back": reverse("signed_list", args=[list_id]),
    }
    return render(request, "coordinator/list_print.html", context)


@require_POST
def signed_list_give(request: Any, list_id: int) -> HttpResponse:
    """Write down to whom the list was given."""
    back = reverse("signed_list", args=[list_id])
    try:
        number = give_list(
            list_id=list_id, to=request.POST.get("to", ""), how=request.POST.get("how", ""), by=request.user
        )
    except SignedListError as error:
        messages.error(request, f"Not written down: {error}.")
        return HttpResponseRedirect(back)
    messages.success(request, "Written down: given.", extra_tags=reverse("giving_undo", args=[number]))
    return HttpResponseRedirect(back)


@require_POST
def giving_undo(request: Any, handing_id: int) -> HttpResponse:
    """It was not given after all."""
    patient_id = undo_giving(fact_id=handing_id, by=request.user)
    messages.success(request, "Taken back: it was not given.")
    return HttpResponseRedirect(reverse(KINDS[0], args=[patient_id]))


@require_POST
def signed_list_undo(request: Any, list_id: int) -> HttpResponse:
    """Take a signing back."""
    signed = named_list(request.principal, list_id)
    try:
        undo_signing(list_id=list_id, by=request.user)
    except SignedListError as error:
        messages.error(request, f"Not taken back: {error}.")
        return HttpResponseRedirect(reverse("signed_list", args=[list_id]))
    messages.success(request, "Taken back. What it stated is marked as entered in error; what it ended holds again.")
    return HttpResponseRedirect(reverse(signed.kind, args=[signed.patient_id]))

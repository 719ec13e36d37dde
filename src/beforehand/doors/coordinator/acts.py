"""Acting on a need: each act is one form, one action and a line that says what was done, with Undo.

Without script a form is a page and saving leads back to the list. With script (htmx) the same address gives the
form as a panel for the row, and saving gives the done line in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from beforehand.care.needs import actions, happened
from beforehand.care.needs.actions import EditConflictError, NeedError
from beforehand.care.needs.answers import AnswerError
from beforehand.care.needs.models import NeedEvent
from beforehand.care.needs.shapes import NeedView
from beforehand.care.needs.steps import NOT_DONE, step
from beforehand.care.needs.worklist import need_view, owners_for
from beforehand.doors.coordinator import step_forms, wording
from beforehand.record.models import Team, User

Save = Callable[[forms.Form], NeedEvent]


@dataclass
class Act:
    """One kind of act: its form, its words, and the action it calls."""

    name: str
    title: str
    verb: str
    form: Callable[..., forms.Form]
    save: Save
    next_words: str = ""
    initial: dict[str, Any] = field(default_factory=dict)
    kind: str = ""  # a step kind other than the need's own
    others: list[tuple[str, str]] = field(default_factory=list)  # other things that may have happened


def back_of(request: Any) -> str:
    """Where to return to: an address of our own, else Today."""
    wanted = request.POST.get("back") or request.GET.get("back") or ""
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return str(wanted) if allowed else reverse("today")


def _version(request: Any) -> int | None:
    sent = request.POST.get("version", "")
    return int(sent) if sent.isdecimal() else None


def _show(request: Any, need: NeedView, act: Act, form: forms.Form, *, status: int = 200) -> HttpResponse:
    template = "coordinator/step.html#panel" if request.htmx else "coordinator/step.html"
    return render(
        request,
        template,
        {
            "title": act.title,
            "form_title": act.title,
            "question": need.question,
            "who": need.who,
            "action": reverse(f"need_{act.name}", args=[need.id]),
            "back": back_of(request),
            "version": need.version,
            "form": form,
            "verb": act.verb,
            "next_words": act.next_words,
            "kind": act.kind,
            "others": act.others,
        },
        status=status,
    )


def _did(request: Any, need: NeedView, event: NeedEvent) -> HttpResponse:
    """What was done, where it was done, with the way back."""
    words = event.words or "Saved"
    words = f"{wording.clock_words(event.at)}: {words}" + ("" if words.endswith(".") else ".")
    if event.what == "HAPPENED":
        now = _need(request, need.id)
        is_open = now.state in ("OPEN", "SNOOZED")
        words += f" Still open: {now.next_step.rstrip('.')}." if is_open else " That settles it."
    undo = reverse("undo", args=[event.pk])
    if not request.htmx:
        messages.success(request, words, extra_tags=undo)
        return HttpResponseRedirect(back_of(request))
    context = {
        "id": need.id,
        "words": words,
        "undo_url": undo,
        "back": back_of(request),
        "patient_url": reverse("person", args=[need.patient_id]) if need.patient_id else "",
    }
    response = render(request, "coordinator/fragments/done.html", context)
    response["HX-Retarget"] = f"#need-{need.id}"  # a form with an error replaces itself; a saved one the whole row
    return response


def _work(request: Any, need: NeedView, act: Act) -> HttpResponse:
    """Show the form, or save it; what is wrong is said beside the field and nothing typed is lost."""
    if request.method != "POST":
        return _show(request, need, act, act.form(initial=act.initial))
    form = act.form(request.POST)
    if not form.is_valid():
        return _show(request, need, act, form, status=422)
    try:
        event = act.save(form)
    except EditConflictError:
        form.add_error(
            None, "Not saved: somebody else changed this a moment ago. Read what it says now, then save again."
        )
        fresh = need_view(request.principal, need.id, as_of=wording.today())
        return _show(request, fresh, act, form, status=422)
    except AnswerError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _show(request, need, act, form, status=422)
    except NeedError as error:
        form.add_error(None, f"Not saved: {error}.")
        return _show(request, need, act, form, status=422)
    return _did(request, need, event)


def _need(request: Any, need_id: int) -> NeedView:
    return need_view(request.principal, need_id, as_of=wording.today())


@require_http_methods(["GET", "HEAD", "POST"])
def say_happened(request: Any, need_id: int) -> HttpResponse:
    """Log the call, book the visit: what happened, which writes the fact that settles the need."""
    need = _need(request, need_id)
    wanted = request.POST.get("kind") or request.GET.get("kind") or ""
    kind = wanted if wanted in ("call", "decline") else ""
    stated = step(kind or need.step_kind).form

    def save(form: forms.Form) -> NeedEvent:
        answers = {name: request.POST[name] for name in form.fields if name in request.POST}
        return happened.say_what_happened(
            need=need_id, by=request.user, answers=answers, kind=kind, version=_version(request)
        )

    def make(*args: Any, **kwargs: Any) -> forms.Form:
        return step_forms.happened_form(stated, *args, **{k: v for k, v in kwargs.items() if k != "initial"})

    words = " ".join(part for part in (stated.next_words, stated.closes_words) if part)
    act = Act("happened", stated.title, "Save", make, save, words, kind=kind)
    here = f"{reverse('need_happened', args=[need_id])}?{urlencode({'back': back_of(request)})}"
    others = [("call", "Log a call instead")]
    if not any(choice.value == NOT_DONE for one in stated.fields for choice in one.choices):
        others.append(("decline", "They said no"))
    act.others = [(label, f"{here}&kind={name}") for name, label in others if name not in (kind, need.step_kind)]
    return _work(request, need, act)


@require_http_methods(["GET", "HEAD", "POST"])
def snooze(request: Any, need_id: int) -> HttpResponse:
    """Off the list until a day."""

    def save(form: Any) -> NeedEvent:
        return actions.snooze_need(
            need=need_id, by=request.user, until=form.cleaned_data["until"], reason=form.said, version=_version(request)
        )

    words = "It stays yours and comes back by itself on that day."
    act = Act("snooze", "Bring it back later", "Snooze", step_forms.SnoozeForm, save, words)
    return _work(request, _need(request, need_id), act)


@require_http_methods(["GET", "HEAD", "POST"])
def dismiss(request: Any, need_id: int) -> HttpResponse:
    """Not needed, and why."""

    def save(form: Any) -> NeedEvent:
        return actions.dismiss_need(need=need_id, by=request.user, reason=form.said, version=_version(request))

    words = "It stays away until its evidence changes. A rule dismissed too often is looked at."
    act = Act("dismiss", "Not needed", "Dismiss", step_forms.DismissForm, save, words)
    return _work(request, _need(request, need_id), act)


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: Any, need_id: int) -> HttpResponse:
    """To a colleague, or to a team's queue."""
    owners = owners_for(request.principal, need_id)

    def make(*args: Any, **kwargs: Any) -> forms.Form:
        return step_forms.HandOverForm(*args, owners=owners, **kwargs)

    def save(form: forms.Form) -> NeedEvent:
        kind, _, number = form.cleaned_data["owner"].partition(":")
        return actions.assign_need(
            need=need_id,
            by=request.user,
            to_user=User.objects.filter(pk=number).first() if kind == "user" else None,
            to_team=Team.objects.filter(pk=number).first() if kind == "team" else None,
            reason=form.cleaned_data["reason"],
            version=_version(request),
        )

    act = Act("hand_over", "Hand over", "Hand over", make, save, "They see it on their list at once.")
    return _work(request, _need(request, need_id), act)


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: Any, need_id: int) -> HttpResponse:
    """What is next, and on which day."""
    need = _need(request, need_id)

    def save(form: forms.Form) -> NeedEvent:
        return actions.plan_next_step(
            need=need_id,
            by=request.user,
            next_step=form.cleaned_data["next_step"],
            on=form.cleaned_data["on"],
            reason=form.cleaned_data["reason"],
            version=_version(request),
        )

    initial = {"next_step": need.next_step, "on": wording.iso(max(need.next_day, wording.today()))}
    act = Act("plan", "Plan the next step", "Save the plan", step_forms.PlanForm, save, initial=initial)
    return _work(request, need, act)


@require_http_methods(["GET", "HEAD", "POST"])
def close(request: Any, need_id: int) -> HttpResponse:
    """How it ended."""

    def save(form: forms.Form) -> NeedEvent:
        outcome = form.cleaned_data["outcome"]
        return actions.close_need(need=need_id, by=request.user, outcome=outcome, version=_version(request))

    return _work(request, _need(request, need_id), Act("close", "Close it", "Close", step_forms.CloseForm, save))


@require_POST
def take(request: Any, need_id: int) -> HttpResponse:
    """Make it mine."""
    need = _need(request, need_id)
    try:
        return _did(request, need, actions.take_need(need=need_id, by=request.user))
    except NeedError as error:
        messages.error(request, f"Not saved: {error}.")
        return HttpResponseRedirect(back_of(request))


@require_POST
def undo(request: Any, event_id: int) -> HttpResponse:
    """Take back the last thing done."""
    try:
        event = happened.undo(event=event_id, by=request.user)
    except NeedError as error:
        messages.error(request, f"Not undone: {error}.")
    else:
        messages.success(request, f"{event.words}.")
    return HttpResponseRedirect(back_of(request))


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: Any, patient_id: int) -> HttpResponse:
    """Add a need that no rule saw."""
    patient = request.access.patient(patient_id)
    form = step_forms.AddNeedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            event = actions.add_need(patient_id=patient.pk, by=request.user, **form.cleaned_data)
        except NeedError as error:
            form.add_error(None, f"Not saved: {error}.")
        else:
            messages.success(request, "Added to your list.", extra_tags=reverse("undo", args=[event.pk]))
            return HttpResponseRedirect(reverse("person", args=[patient.pk]))
    context = {
        "title": "Add a need",
        "question": f"Add a need for {patient.display_name}",
        "form_title": "What is needed?",
        "action": reverse("need_add", args=[patient.pk]),
        "back": reverse("person", args=[patient.pk]),
        "form": form,
        "verb": "Add it",
        "next_words": "It goes on your list at once.",
    }
    return render(request, "coordinator/step.html", context, status=422 if form.is_bound else 200)

"""Team: who carries how much, and sharing out what nobody has taken. For supervisors."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from beforehand.care.needs.actions import NeedError, assign_need
from beforehand.care.needs.models import LIVE, Need
from beforehand.care.needs.shapes import Filters
from beforehand.care.needs.worklist import my_teams, worklist
from beforehand.doors.coordinator import present_needs, wording
from beforehand.record.models import TeamMember, User

PAGE = 100


def _colleagues(request: Any) -> list[User]:
    now = timezone.now()
    members = TeamMember.objects.filter(
        Q(until=None) | Q(until__gt=now), since__lte=now, team_id__in=my_teams(request.principal)
    )
    working = User.objects.filter(pk__in=members.values("user_id"), is_active=True).exclude(role="ADMINISTRATOR")
    return list(working.order_by("last_name", "first_name", "username"))


def _loads(request: Any, colleagues: list[User], now: int) -> list[dict[str, Any]]:
    live = Need.objects.for_principal(request.principal).filter(state__in=LIVE)
    counted = live.values("owner_user_id").annotate(
        people=Count("patient_id", distinct=True),
        needs=Count("pk"),
        late=Count("pk", filter=Q(is_dated=True, next_on__lt=now)),
    )
    loads = {row["owner_user_id"]: row for row in counted}
    nothing = {"people": 0, "needs": 0, "late": 0}
    return [{"name": user.label, "role": user.get_role_display(), **loads.get(user.pk, nothing)} for user in colleagues]


def _hand_out(request: Any, colleagues: list[User]) -> None:
    chosen = [int(number) for number in request.POST.getlist("need") if number.isdecimal()][:PAGE]
    to = next((user for user in colleagues if str(user.pk) == request.POST.get("owner")), None)
    if to is None or not chosen:
        messages.error(request, "Nothing was given: tick the people and choose a colleague.")
        return
    given, refused = 0, ""
    for number in chosen:
        try:
            assign_need(need=number, by=request.user, to_user=to, reason=request.POST.get("reason", "")[:400])
        except NeedError as error:
            refused = str(error)
        else:
            given += 1
    words = f"{wording.count_words(given, 'need')} given to {to.label}."
    messages.success(request, f"{words} The others were not: {refused}." if refused else words)


@require_http_methods(["GET", "HEAD", "POST"])
def team(request: Any) -> HttpResponse:
    """The team's load and its queue."""
    colleagues = _colleagues(request)
    if request.method == "POST":
        _hand_out(request, colleagues)
        return HttpResponseRedirect(reverse("team"))
    now, here = wording.today(), reverse("team")
    page = request.GET.get("page", "1")
    filters = Filters(page=max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1, per_page=PAGE)
    work = worklist(request.principal, as_of=now, owner="team", filters=filters)
    context = {
        "title": "Team",
        "loads": _loads(request, colleagues, now),
        "colleagues": [(user.pk, user.label) for user in colleagues],
        "rows": [present_needs.row(row, back=here, now=now) for row in work.rows],
        "count": wording.count_words(work.people, "person", "people"),
        "pages": [(str(n), f"{here}?page={n}", n == filters.page) for n in range(1, min(work.pages, 20) + 1)],
    }
    return render(request, "coordinator/team.html", context)

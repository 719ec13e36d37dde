"""The day's list: who needs something of me, in what order, and why. Reads ranked rows; sorts nothing itself.

The rows are scored for one day. For another day (a replay, or before the night's job has run) the same scoring is
done on the fly and nothing is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case, Count, Q, QuerySet, Sum, When
from django.utils import timezone

from beforehand.care.needs.actions import NeedError, today, works_for
from beforehand.care.needs.events import WORDS
from beforehand.care.needs.models import LIVE, Need, NeedEvent, PersonRisk, WorkRow
from beforehand.care.needs.ownership import enrolments_on
from beforehand.care.needs.rank import BANDS, factors, order_key, policy
from beforehand.care.needs.shapes import (
    BAND_WORDS,
    Band,
    BandView,
    Counts,
    DoneRow,
    Filters,
    NeedView,
    Owner,
    Row,
    Since,
    Worklist,
)
from beforehand.care.needs.since import checked_at, since_last_visit
from beforehand.care.needs.standing import (
    ANY,
    BATCH,
    NOTHING_TODAY,
    STANDING_FIELDS,
    audience,
    refresh_day,
    rows_of,
    standing,
)
from beforehand.care.needs.views import Around, around, newest_undoable
from beforehand.care.needs.views import need_view as view_of
from beforehand.clinical.times import day_of
from beforehand.record.access import PatientNotVisibleError, Principal, SomePatients, for_principal
from beforehand.record.audit import touch
from beforehand.record.models import Patient, Team, TeamMember, User

COUNTED = ("open", "unknown", "snoozed", "late", "marked")
STATE_COLUMNS = {"open": "open", "unknown": "unknown", "snoozed": "snoozed", "late": "late", "marked": "marked"}


def as_day(as_of: date | int) -> int:
    """A civil day as a number, given either way."""
    return as_of if isinstance(as_of, int) else day_of(as_of)


def my_teams(principal: Principal) -> list[int]:
    """The teams whose queues this principal works; every team's for the system."""
    person = principal.person
    if person is None:
        return list(Team.objects.values_list("pk", flat=True))
    now = timezone.now()
    member = TeamMember.objects.filter(Q(until=None) | Q(until__gt=now), user_id=person.id, since__lte=now)
    return sorted(set(member.values_list("team_id", flat=True)))


def slots_of(principal: Principal, owner: str, teams: Sequence[int]) -> tuple[list[str], str]:
    """The lists asked for, and the owner as the page shows it. A name is a user's or a team's."""
    person = principal.person
    mine = [f"user:{person.id}"] if person else ["all"]
    match owner or "everyone":
        case "mine":
            return mine, "mine"
        case "team":
            return [f"team:{team}" for team in teams], "team"
        case "everyone" | "all":
            return ["all"], "everyone"
    user = User.objects.filter(Q(username=owner) | Q(email__iexact=owner)).first() or _by_full_name(owner)
    if user is not None:
        return [f"user:{user.pk}"], owner
    team = Team.objects.filter(name__iexact=owner).first()
    if team is None:
        raise NeedError(f"nobody and no team is called {owner!r}: use a user name, a full name or a team's name")
    return [f"team:{team.pk}"], owner


def _by_full_name(name: str) -> User | None:
    first, _, last = name.partition(" ")
    return User.objects.filter(first_name__iexact=first, last_name__iexact=last).first() if last else None


@dataclass(frozen=True)
class _Listed:
    """Rows of the chosen lists, ready to be counted and cut into pages."""

    page: list[WorkRow]
    people: int
    by_band: Mapping[int, int]
    counts: Counts


def _is_scored_for(day: int) -> bool:
    other = WorkRow.unscoped.filter(Q(scored_day__lt=day) | Q(scored_day__gt=day))
    return not other.exists()


def _one_if(name: str) -> Case:
    return Case(When(**{f"{name}__gt": 0}, then=1), default=0)


def _narrowed(rows: QuerySet[WorkRow], filters: Filters) -> QuerySet[WorkRow]:
    column = STATE_COLUMNS.get(filters.state, "open")
    rows = rows.filter(**{f"{column}__gt": 0})
    if filters.topic:
        about = Need.unscoped.filter(topic=filters.topic, state__in=LIVE).values("patient_id")
        rows = rows.filter(patient_id__in=about)
    return rows


def _stored(principal: Principal, slots: list[str], teams: Sequence[int], filters: Filters, who: str) -> _Listed:
    person = principal.person
    mine = f"user:{person.id}" if person else "all"
    queues = [f"team:{team}" for team in teams]
    visible = WorkRow.objects.for_principal(principal).filter(audience__in=(ANY, who))
    sums = {name: Sum(_one_if(name)) for name in COUNTED}
    counted = visible.filter(slot__in={*slots, mine, "all", *queues}).values_list("slot", "band").annotate(**sums)
    table = [(slot, band, dict(zip(COUNTED, found, strict=True))) for slot, band, *found in counted.order_by()]

    def total(name: str, *of: str) -> int:
        return sum(numbers[name] for slot, _, numbers in table if slot in of)

    column = STATE_COLUMNS.get(filters.state, "open")
    bands: dict[int, int] = defaultdict(int)
    for slot, band, numbers in table:
        bands[band] += numbers[column] if slot in slots else 0
    rows = _narrowed(visible.filter(slot__in=slots), filters)
    start = (max(1, filters.page) - 1) * filters.per_page
    page = list(rows.order_by("band", "-score", "patient_id")[start : start + filters.per_page])
    if filters.topic:
        bands = defaultdict(int, rows.values_list("band").annotate(people=Count("pk")).order_by())
    counts = Counts(
        mine=total("open", mine),
        team=total("open", *queues),
        everyone=total("open", "all"),
        **{name: total(name, *slots) for name in COUNTED},
    )
    return _Listed(page, sum(bands.values()), bands, counts)


def _computed(
    principal: Principal, slots: list[str], teams: Sequence[int], filters: Filters, who: str, day: int
) -> _Listed:
    """The same for a day that no rows are scored for."""
    needs: dict[int, list[Any]] = defaultdict(list)
    live = Need.objects.for_principal(principal).filter(state__in=LIVE, patient_id__isnull=False)
    for need in live.values_list(*STANDING_FIELDS, named=True):
        needs[need.patient_id].append(need)
    return listed_from(needs, principal, slots, teams, filters, who, day)


def listed_from(
    needs: Mapping[int, Sequence[Any]],
    principal: Principal,
    slots: list[str],
    teams: Sequence[int],
    filters: Filters,
    who: str,
    day: int,
) -> _Listed:
    """Score, filter, count and cut needs that are at hand."""
    rules = policy()
    risks = dict(PersonRisk.unscoped.values_list("patient_id", "points"))
    person = principal.person
    mine, queues = (f"user:{person.id}" if person else "all"), {f"team:{team}" for team in teams}
    rows = [
        row
        for patient_id, listed in needs.items()
        for row in rows_of(patient_id, listed, day, risks.get(patient_id, 0), rules)
        if row.audience in (ANY, who)
    ]
    chosen = [row for row in rows if row.slot in slots]
    column = STATE_COLUMNS.get(filters.state, "open")
    kept = sorted(
        (row for row in chosen if getattr(row, column) > 0), key=lambda row: (row.band, -row.score, row.patient_id)
    )
    bands: dict[int, int] = defaultdict(int)
    for row in kept:
        bands[row.band] += 1
    start = (max(1, filters.page) - 1) * filters.per_page
    counts = Counts(
        mine=sum(row.slot == mine and row.open > 0 for row in rows),
        team=sum(row.slot in queues and row.open > 0 for row in rows),
        everyone=sum(row.slot == "all" and row.open > 0 for row in rows),
        **{name: sum(getattr(row, name) > 0 for row in chosen) for name in COUNTED},
    )
    return _Listed(kept[start : start + filters.per_page], len(kept), bands, counts)


def _fits(need: Need, filters: Filters, day: int) -> bool:
    if filters.topic and need.topic != filters.topic:
        return False
    shown = need.shown_from <= day
    match filters.state:
        case "snoozed":
            return need.state == "SNOOZED" and not shown
        case "unknown":
            return shown and need.status == "UNKNOWN"
        case "late":
            return shown and need.is_dated and need.next_on < day
        case "marked":
            return shown and bool(need.marked)
    return shown


def build_rows(
    listed: Sequence[WorkRow],
    needs: Mapping[int, Sequence[Need]],
    known: Around,
    slots: Iterable[str],
    filters: Filters,
) -> list[Row]:
    """The rows of a page with their leading need first, others folded, factors explained."""
    rules, day, chosen = policy(), known.as_of, set(slots)
    built = []
    first = (max(1, filters.page) - 1) * filters.per_page + 1
    for place, row in enumerate(listed):
        who = known.people.get(row.patient_id)
        theirs = [need for need in needs.get(row.patient_id, ()) if _fits(need, filters, day)]
        if who is None or not theirs:
            continue
        own = "all" in chosen

        def order(need: Need, points: int = who.risk_points, own: bool = own) -> tuple[Any, ...]:
            slot = f"user:{need.owner_user_id}" if need.owner_user_id else f"team:{need.team_id}"
            return not own and slot not in chosen, order_key(standing(need, points), day, rules, need.pk)

        theirs.sort(key=order)
        lead, *others = theirs
        reasons = factors(standing(lead, who.risk_points), day, rules, who.risk_words)
        band = BANDS[row.band] if row.band < len(BANDS) else Band.LATER
        built.append(
            Row(
                patient_id=row.patient_id,
                name=who.name,
                birth_day=who.birth_day,
                age=who.age,
                notes=who.notes,
                rank=first + place,
                score=round(sum(factor.points for factor in reasons), 2),
                factors=reasons,
                lead=view_of(lead, known),
                others=tuple(view_of(need, known) for need in others),
                band=band,
            )
        )
    return built


def _bands(rows: Sequence[Row], totals: Mapping[int, int]) -> tuple[BandView, ...]:
    later = totals.get(3, 0) + totals.get(NOTHING_TODAY, 0)
    people = {
        Band.FIRST: totals.get(0, 0),
        Band.TODAY: totals.get(1, 0),
        Band.WEEK: totals.get(2, 0),
        Band.LATER: later,
    }
    return tuple(
        BandView(band, BAND_WORDS[band], tuple(row for row in rows if row.band is band), people[band]) for band in BANDS
    )


def worklist(
    principal: Principal, *, as_of: date | int, owner: str | None = None, filters: Filters | None = None
) -> Worklist:
    """The list of one day. ``owner`` is mine, team, everyone, or the name of a user or team."""
    day, filters = as_day(as_of), filters or Filters()
    teams = my_teams(principal)
    slots, shown_owner = slots_of(principal, owner or "everyone", teams)
    who = audience(principal)
    is_scored = _is_scored_for(day)
    if not is_scored and day == today():
        refresh_day(day)  # the first look of a day whose night job did not run
        is_scored = True
    if is_scored:
        listed = _stored(principal, slots, teams, filters, who)
    else:
        listed = _computed(principal, slots, teams, filters, who, day)
    reader = for_principal(principal).among(row.patient_id for row in listed.page)
    needs = _needs_of(reader)
    flat = [need for each in needs.values() for need in each if _fits(need, filters, day)]
    known = around(reader, flat, day, with_history=False)
    rows = build_rows(listed.page, needs, known, slots, filters)
    touch([row.patient_id for row in rows])
    done = _done_events(principal, day).count()
    return Worklist(
        as_of=day,
        owner=shown_owner,
        bands=_bands(rows, listed.by_band),
        rows=tuple(rows),
        counts=_with_done(listed.counts, done),
        checked_at=checked_at(),
        since=since_last_visit(principal) if principal.person else Since(None),
        filters=filters,
        people=listed.people,
        pages=max(1, -(-listed.people // filters.per_page)),
    )


def _with_done(counts: Counts, done: int) -> Counts:
    return Counts(
        **{**{name: getattr(counts, name) for name in ("mine", "team", "everyone", *COUNTED)}, "done_today": done}
    )


def _needs_of(reader: SomePatients) -> dict[int, list[Need]]:
    found: dict[int, list[Need]] = defaultdict(list)
    if reader.ids:
        for need in reader.scope(Need.unscoped.filter(state__in=LIVE)):
            found[int(need.patient_id)].append(need)
    return found


def person_needs(
    principal: Principal, patient_id: int, *, as_of: date | int | None = None, closed: bool = False
) -> tuple[NeedView, ...]:
    """One person's needs, first things first; with ``closed`` those that ended, newest first."""
    day = today() if as_of is None else as_day(as_of)
    reader = for_principal(principal).among([patient_id])
    rows = reader.scope(Need.unscoped.exclude(state__in=LIVE) if closed else Need.unscoped.filter(state__in=LIVE))
    needs = list(rows.order_by("-closed_at", "-pk")[:BATCH])
    known = around(reader, needs, day)
    if not closed:
        who, rules = known.people.get(patient_id), policy()
        points = who.risk_points if who else 0
        needs.sort(key=lambda need: (need.shown_from > day, order_key(standing(need, points), day, rules, need.pk)))
    touch([patient_id])
    return tuple(view_of(need, known) for need in needs)


def _visible_need(principal: Principal, need_id: int) -> Need:
    need = Need.unscoped.filter(pk=need_id).first()
    if need is not None and need.patient_id is not None:
        seen = for_principal(principal).of(need.patient_id).scope(Need.unscoped.filter(pk=need_id)).exists()
        need = need if seen else None
    if need is None:
        raise PatientNotVisibleError(f"there is no need {need_id} that {principal.label} may see")
    return need


def need_view(principal: Principal, need_id: int, *, as_of: date | int | None = None) -> NeedView:
    """One need with its history; PatientNotVisibleError when there is none this principal may see."""
    need = _visible_need(principal, need_id)
    if need.patient_id is not None:
        touch([need.patient_id])
    day = today() if as_of is None else as_day(as_of)
    reader = for_principal(principal).among([] if need.patient_id is None else [need.patient_id])
    return view_of(need, around(reader, [need], day))


def owners_for(principal: Principal, need_id: int) -> tuple[Owner, ...]:
    """To whom this need can be handed: the team's queue and the colleagues who may work it."""
    need = _visible_need(principal, need_id)
    enrolled = enrolments_on([need.patient_id], today()).get(need.patient_id) if need.patient_id else None
    teams = {need.team_id, *(enrolled.teams if enrolled else ())}
    now = timezone.now()
    members = User.objects.filter(
        is_active=True,
        pk__in=TeamMember.objects.filter(Q(until=None) | Q(until__gt=now), since__lte=now).values("user_id"),
    ).order_by("last_name", "first_name", "username")
    people = [Owner(f"user:{user.pk}", user.label) for user in members if works_for(user, need)]
    queues = [
        Owner(f"team:{team.pk}", f"The queue of {team.name}")
        for team in Team.objects.filter(pk__in=teams).order_by("name")
    ]
    return (*people, *queues)


def _done_events(principal: Principal, day: int) -> QuerySet[NeedEvent]:
    who = (principal.person or principal).label
    return NeedEvent.unscoped.filter(
        day=day,
        by=who,
        undone_by_id=None,
        what__in=("CLOSED", "DISMISSED", "SNOOZED", "HAPPENED", "PLANNED", "ASSIGNED"),
    )


def done_today(principal: Principal, *, as_of: date | int | None = None) -> tuple[DoneRow, ...]:
    """What this person did on the day, newest first, each with the event that undoes it."""
    day = today() if as_of is None else as_day(as_of)
    events = list(_done_events(principal, day).order_by("-pk")[:200])
    patients = {entry.patient_id for entry in events if entry.patient_id is not None}
    reader = for_principal(principal).among(patients)
    names = dict(reader.scope(Patient.unscoped.all(), "id").values_list("pk", "display_name"))
    needs = {need.pk: need for need in reader.scope(Need.unscoped.filter(pk__in={entry.need_id for entry in events}))}
    touch(need.patient_id for need in needs.values() if need.patient_id is not None)
    history: dict[int, list[NeedEvent]] = defaultdict(list)
    for entry in NeedEvent.unscoped.filter(need_id__in=list(needs)):
        history[entry.need_id].append(entry)
    return tuple(
        DoneRow(
            event_id=entry.pk,
            need_id=entry.need_id,
            patient_id=entry.patient_id,
            name=names.get(entry.patient_id or 0, ""),
            at=entry.at,
            words=entry.words or WORDS[entry.what],
            question=needs[entry.need_id].question,
            by=entry.by_label,
            can_undo=newest_undoable(history[entry.need_id]) == entry.pk,
        )
        for entry in events
        if entry.need_id in needs
    )


def mark_seen(principal: Principal) -> None:
    """Remember that this person looked at the list; a look within the hour counts as the same visit."""
    person = principal.person
    if person is None:
        return
    now = timezone.now()
    user = User.objects.filter(pk=person.id).only("pk", "last_seen_worklist_at", "worklist_seen_before_at").first()
    if user is None:
        return
    last = user.last_seen_worklist_at
    if last is None or (now - last).total_seconds() > 3600:
        User.objects.filter(pk=user.pk).update(worklist_seen_before_at=last, last_seen_worklist_at=now)
    elif (now - last).total_seconds() > 60:
        User.objects.filter(pk=user.pk).update(last_seen_worklist_at=now)

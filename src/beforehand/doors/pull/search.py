"""FHIR search: what one or many patients have on a server, page by page, and since then only what changed.

A patient's ``$everything`` is asked for where the server offers it, else each type by itself. The next fetch asks for
what changed since the server's own clock at the beginning of this one, less a little.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.db import transaction

from beforehand.clinical.fhir import MAPPERS
from beforehand.doors.pull.asking import Asking, json_object, refused
from beforehand.doors.pull.errors import TroubleError
from beforehand.doors.pull.files import Ledger
from beforehand.doors.pull.grants import Grant
from beforehand.intake.models import PullFile, PullRun, PullSource

COUNT = 200  # entries we ask for on a page
MOST_PAGES = 20_000
OVERLAP = timedelta(minutes=2)  # what was being written while we asked comes again the next time, and changes nothing
EVERYTHING = "$everything"
NOT_OF_A_PATIENT = {"Location", "Medication", "Organization", "Practitioner", "PractitionerRole", "HealthcareService"}
INCLUDED = "MedicationRequest:medication"


def plan(pull: PullSource, asking: Asking, grant: Grant) -> PullRun:
    """What is to be asked, written down before the first question."""
    now = asking.clock.now()
    answer, said = asking.json(f"{pull.url}/metadata", "what it can do")  # with the token, which may name the patient
    patients = pull.patients or ([grant.patient] if grant.patient else [])
    offered = Offered(said)
    run = PullRun(
        pull=pull, state="LOADING", since=pull.since, until=_moment(answer.header("Date"), now), started_at=now
    )
    files = [
        PullFile(
            run=run,
            place=place,
            kind="PAGES",
            type=type_,
            question=path,
            since=since,
            url=f"{pull.url}/{_asked_since(path, since)}",
        )
        for place, (type_, path) in enumerate(_questions(pull, patients, offered))
        for since in [pull.behind.get(path, pull.since)]
    ]
    if not files:
        raise TroubleError(
            "The server says that it answers no search we could ask.", "Name what to search for with `--type`."
        )
    with transaction.atomic():
        run.save()
        PullFile.objects.bulk_create(files)
    return run


class Offered:
    """What a server says it can do (its CapabilityStatement)."""

    def __init__(self, statement: dict[str, Any]) -> None:
        self.types: dict[str, dict[str, Any]] = {}
        for rest in _dicts(statement.get("rest")):
            for resource in _dicts(rest.get("resource")):
                if isinstance(resource.get("type"), str):
                    self.types[resource["type"]] = resource

    def takes(self, type_: str, parameter: str) -> bool:
        """Whether a type can be searched by this; yes where the server does not say what it searches by."""
        listed = self.types.get(type_, {}).get("searchParam")
        return not listed or any(each.get("name") == parameter for each in _dicts(listed))

    def does(self, type_: str, operation: str) -> bool:
        """Whether it offers an operation on a type."""
        return any(
            str(each.get("name") or "").lstrip("$") == operation
            or str(each.get("definition")).endswith(f"-{operation}")
            for each in _dicts(self.types.get(type_, {}).get("operation"))
        )

    def includes(self, type_: str, path: str) -> bool:
        """Whether it sends along what a path of a type points to."""
        listed = self.types.get(type_, {}).get("searchInclude")
        return isinstance(listed, list) and path in listed


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _moment(date: str, now: datetime) -> str:
    """When we began by the server's clock or by ours, whichever is behind, and a little earlier."""
    try:
        moment = min(parsedate_to_datetime(date).astimezone(UTC) - OVERLAP, now - OVERLAP)
    except (ValueError, TypeError, IndexError, OverflowError):
        moment = now - OVERLAP
    return moment.isoformat(timespec="seconds")


def _asked_since(path: str, since: str) -> str:
    """The question, for what changed since."""
    if not since:
        return path
    changed = {"_since": since} if EVERYTHING in path else {"_lastUpdated": f"ge{since}"}
    return f"{path}&{urlencode(changed)}"


def finish(pull: PullSource, run: PullRun) -> None:
    """Note what the server refused; the next round asks for it from where it stood. In the caller's transaction."""
    refusals = list(PullFile.objects.filter(run=run).exclude(refusal=""))
    run.notes = list(dict.fromkeys(search.refusal for search in refusals))[:50]
    pull.behind = {search.question: search.since for search in refusals}
    pull.save(update_fields=["behind"])


def _questions(pull: PullSource, patients: list[str], offered: Offered) -> Iterator[tuple[str, str]]:
    """(type, path with query) of each search, for all or for each patient."""
    if not patients:
        wanted = pull.types or [type_ for type_ in sorted(offered.types) if type_ in MAPPERS]
        for type_ in wanted:
            yield _search(type_, {}, offered)
        return
    for patient in patients:
        if not pull.types and offered.does("Patient", "everything"):
            yield EVERYTHING, f"Patient/{quote(patient, safe='')}/$everything?_count={COUNT}"
            continue
        known = [type_ for type_ in sorted(offered.types) if type_ in MAPPERS and type_ not in NOT_OF_A_PATIENT]
        for type_ in pull.types or ["Patient", *(each for each in known if each != "Patient")]:
            bare = type_.partition("?")[0]
            if bare == "Patient":
                yield _search(type_, {"_id": patient}, offered)
            elif pull.types or offered.takes(bare, "patient"):
                yield _search(type_, {"patient": patient}, offered)


def _search(wanted: str, asked_for: dict[str, Any], offered: Offered) -> tuple[str, str]:
    type_, _, own = wanted.partition("?")
    query = {**asked_for, "_count": COUNT}
    if offered.includes(type_, INCLUDED):
        query["_include"] = INCLUDED
    return type_, f"{quote(type_, safe='')}?{own + '&' if own else ''}{urlencode(query)}"


def load_pages(run: PullRun, asking: Asking, ledger: Ledger, *, may_go_on: Any) -> None:
    """Every search to its last page. One that fails, or is refused, does not keep the others out."""
    trouble: TroubleError | None = None
    refusal: TroubleError | None = None
    for search in PullFile.objects.filter(run=run, is_done=False).order_by("place"):
        try:
            _load(search, asking, ledger, may_go_on)
        except TroubleError as error:
            if error.is_refusal and not error.is_lost:
                search.refusal, search.is_done = error.what[:500], True
                search.save(update_fields=["refusal", "is_done"])
                refusal = error
            else:
                trouble = trouble or error
    if trouble is not None:
        raise trouble
    if refusal is not None and not PullFile.objects.filter(run=run, refusal="").exists():
        refusal.is_lost = True  # nothing at all was answered: no round to go on with
        raise refusal


def _load(search: PullFile, asking: Asking, ledger: Ledger, may_go_on: Any) -> None:
    while not search.is_done:
        may_go_on()
        what = f"page {search.done_parts + 1} of {search.type}"
        answer, content = asking.page(search.url, what)
        if answer.status in (404, 410) and search.done_parts:  # a page that has lapsed: begin this search again
            raise refused(answer.status, content, what, is_lost=True)
        if answer.status != 200:
            raise refused(answer.status, content, what)
        bundle = json_object(content, what)
        if bundle.get("resourceType") != "Bundle":
            raise TroubleError(f"The answer for {what} is no bundle of search results.", "Ask whoever runs the server.")
        following = _next(bundle)
        onward = asking.origins.resolve(search.url, following, f"the page behind {what}") if following else ""
        if onward == search.url or search.done_parts >= MOST_PAGES or len(onward) > 4000:
            raise TroubleError(f"The pages of {search.type} have no end.", "Ask whoever runs the server.", is_lost=True)
        if bundle.get("entry"):
            ledger.hand_over(content, f"pull-{search.run_id}/{search.place:05}-{search.done_parts:05}.json")
        search.url, search.is_done = onward or search.url, not onward
        search.done_parts += 1
        search.done_bytes += len(content)
        search.items += len(bundle.get("entry") or ())
        search.save(update_fields=["url", "is_done", "done_parts", "done_bytes", "items"])


def _next(bundle: dict[str, Any]) -> str:
    for link in _dicts(bundle.get("link")):
        if link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return ""

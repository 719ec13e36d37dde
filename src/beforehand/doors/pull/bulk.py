"""FHIR bulk export (HL7 Bulk Data Access 2.0): kick-off, looking whether it is ready, its list of files, its end.

Every step is written down before the next, so a run that is killed is taken up where it stood. Only a kill between
the server's acceptance and our writing it down leaves an export there that nobody fetches; servers let it lapse.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from django.db import transaction

from beforehand.doors.pull.asking import FHIR, LONGEST_STEP, Asking, json_object, refused
from beforehand.doors.pull.clock import told_to_wait
from beforehand.doors.pull.errors import BrokenAnswerError, PullingError, TroubleError
from beforehand.doors.pull.files import Ledger, Loading
from beforehand.doors.pull.http import MEGABYTE
from beforehand.intake.models import PullFile, PullRun, PullSource

LONGEST_EXPORT = timedelta(days=3)
MOST_FILES = 20_000
LISTS = (("output", "OUTPUT"), ("deleted", "DELETED"), ("error", "ERROR"))
FIRST = ("Patient", "Organization", "Practitioner", "Location")  # others point to them
ASK = "Ask whoever runs the server."


def kick_off(pull: PullSource, asking: Asking) -> PullRun:
    """Ask for an export and keep where its state is told."""
    level = "/".join(quote(part, safe="") for part in pull.level.split("/") if part)
    asked_for = {"_outputFormat": "application/fhir+ndjson"}
    if pull.types:
        asked_for["_type"] = ",".join(pull.types)
    if pull.since:
        asked_for["_since"] = pull.since
    url = f"{pull.url}/{level + '/' if level else ''}$export?{urlencode(asked_for)}"
    now = asking.clock.now()
    what = "the start of an export"
    try:
        with asking.ask(url, what, headers={"Accept": FHIR, "Prefer": "respond-async"}) as answer:
            content = answer.read(MEGABYTE, what)
    except BrokenAnswerError as error:
        raise TroubleError("The answer to the start of an export broke off.", "It is tried again.") from error
    if answer.status != 202:
        raise refused(answer.status, content, what)
    named = answer.header("Content-Location")
    if not named:
        raise TroubleError("The server does not say where the state of its export is told.", ASK)
    status_url = asking.origins.resolve(url, named, "the state of its export")
    return PullRun.objects.create(pull=pull, state="EXPORTING", since=pull.since, status_url=status_url, started_at=now)


def await_list(run: PullRun, asking: Asking) -> None:
    """Look until the export is ready, as often as the server wants it, then keep the list of its files."""
    what = "the state of its export"
    while True:
        answer, content = asking.page(run.status_url, what, accept="application/json")
        if answer.status == 200:
            _keep_list(run, json_object(content, "the list of its files"), asking)
            return
        if answer.status != 202:
            raise refused(answer.status, content, what, is_lost=True)
        if asking.clock.now() - run.started_at > LONGEST_EXPORT:
            raise TroubleError("The export was not ready after three days.", ASK, is_lost=True)
        run.looks += 1
        run.save(update_fields=["looks"])
        PullSource.objects.filter(pk=run.pull_id).update(refusals=0)
        pause = told_to_wait(answer.header("Retry-After"), asking.clock.now())
        asking.wait(max(pause, 1.0) if pause is not None else min(2.0 ** (run.looks - 1), LONGEST_STEP))


@transaction.atomic
def _keep_list(run: PullRun, manifest: dict[str, Any], asking: Asking) -> None:
    moment = manifest.get("transactionTime")
    if not isinstance(moment, str) or not _is_moment(moment):
        raise TroubleError("The server does not say of which moment its export is.", ASK, is_lost=True)
    with_token = manifest.get("requiresAccessToken") is not False
    files = list(_files(run, manifest, with_token, asking))
    if len(files) > MOST_FILES:
        raise TroubleError(f"The export has more than {MOST_FILES:,} files.", "Ask for larger ones.", is_lost=True)
    PullFile.objects.bulk_create(files)
    run.until, run.state = moment, "LOADING"
    run.save(update_fields=["until", "state"])


def _is_moment(text: str) -> bool:
    try:
        return len(text) <= 40 and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _files(run: PullRun, manifest: dict[str, Any], with_token: bool, asking: Asking) -> Iterator[PullFile]:
    """The files in the order they are loaded: whom others point to first, what was deleted after what stands."""
    place = 0
    for name, kind in LISTS:
        listed = manifest.get(name)
        entries = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        entries.sort(key=lambda each: FIRST.index(each["type"]) if each.get("type") in FIRST else len(FIRST))
        for entry in entries:
            url, type_, count = entry.get("url"), entry.get("type"), entry.get("count")
            if not isinstance(url, str) or len(url) > 4000:
                raise TroubleError("The list of files names one without its address.", ASK, is_lost=True)
            yield PullFile(
                run=run,
                place=place,
                kind=kind,
                type=type_ if isinstance(type_, str) and type_.isalpha() and len(type_) <= 40 else "",
                url=asking.origins.resolve(run.status_url, url, f"file {place + 1} of its export"),
                with_token=with_token,
                stated_items=count if isinstance(count, int) and count >= 0 else None,
            )
            place += 1


def load_files(run: PullRun, asking: Asking, ledger: Ledger, *, part: int, may_go_on: Any) -> None:
    """Every file that is not in the ledger yet. One that cannot be had does not keep the others out."""
    loading = Loading(asking, ledger, part=part)
    trouble: TroubleError | None = None
    for file in PullFile.objects.filter(run=run, is_done=False).order_by("place"):
        may_go_on()
        try:
            loading.load(file)
        except TroubleError as error:
            if trouble is None or error.is_lost:
                trouble = error
    if trouble is not None:
        raise trouble


def tell_it_is_over(run: PullRun, asking: Asking) -> None:
    """Let the server throw its files away. Whether it does is its own matter."""
    try:
        with asking.ask(run.status_url, "the end of its export", method="DELETE", headers={"Accept": FHIR}):
            pass
    except PullingError:
        return

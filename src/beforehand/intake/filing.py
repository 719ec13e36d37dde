"""Filing: a person reads what came without a patient and says whose it is; paper is a source too.

What came in one message, such as an e-mail with its attachments or a calendar, is about one person and is filed as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from beforehand.intake.batch import Applied, run_batch
from beforehand.intake.blobs import read_blob
from beforehand.intake.connectors.document.connector import kind_of, part_of
from beforehand.intake.errors import IntakeError
from beforehand.intake.formats import items_of
from beforehand.intake.models import FiledItem, QuarantinedItem
from beforehand.intake.whose import names_nobody, own_record
from beforehand.record.access import WORK_QUARANTINE, PatientNotVisibleError, Principal, may_see, require
from beforehand.record.audit import CHANGE, audited
from beforehand.record.models import Item, Message
from beforehand.record.store.rows import lock_for_writing


class FilingError(IntakeError):
    """Something that cannot be filed, or taken back."""


def can_file(message: Message) -> bool:
    """Whether anything of a message waits because it names nobody."""
    return bool(_open_items(message))


def _open_items(message: Message) -> list[int]:
    waiting = QuarantinedItem.objects.filter(message=message, state="OPEN", waiting_for=None)
    places = dict(waiting.values_list("place", "item_id"))
    if not places:
        return []
    raws = items_of(read_blob(message.digest), message.name)
    return [places[raw.place] for raw in raws if raw.place in places and names_nobody(raw.resource)]


@transaction.atomic
def file_message(*, message: Message, patient_id: int, by: Principal) -> Applied:
    """Say whose everything is that a message brought without saying it."""
    require(by, WORK_QUARANTINE)
    if not may_see(by, [patient_id]):
        raise PatientNotVisibleError(f"There is no patient {patient_id} that you may see.")
    lock_for_writing()
    found = _open_items(message)
    if not found:
        raise FilingError("Nothing of it waits to be filed: somebody was quicker, or it says itself whose it is.")
    applied = file_to_record(message, found, own_record(patient_id), by.id or None, timezone.now())
    audited(by, "file_message", patients=[patient_id], access=CHANGE)
    return applied


def file_to_record(message: Message, items: Sequence[int], record: int, user: int | None, at: datetime) -> Applied:
    """Write down whose the items are and apply them; in the caller's transaction, who has checked that it may be."""
    FiledItem.objects.bulk_create(
        FiledItem(item_id=item, message_id=message.pk, person_record_id=record, by_user_id=user, at=at)
        for item in items
    )
    applied = run_batch(message.source, [], now=at, zone=settings.TIME_ZONE, again=items)
    left = QuarantinedItem.objects.filter(item_id__in=items, state="OPEN")
    FiledItem.objects.filter(item_id__in=left.values("item_id")).delete()  # its own fault keeps it there
    QuarantinedItem.objects.filter(item_id__in=items, state="RELEASED").update(closed_by_id=user)
    return applied


@transaction.atomic
def take_back(*, message: Message, by: Principal) -> Applied:
    """Undo the filing of a message: its facts go, and it waits to be filed again."""
    require(by, WORK_QUARANTINE)
    lock_for_writing()
    filed = list(FiledItem.objects.filter(message_id=message.pk))
    items = [one.item_id for one in filed]
    people = Item.objects.filter(pk__in=items).values_list("patient_id", flat=True)
    patients = {patient for patient in people if patient is not None}
    if not filed or not may_see(by, patients):
        raise FilingError("It was not filed by anybody, or is of a person you may not see.")
    FiledItem.objects.filter(item_id__in=items).delete()
    applied = run_batch(message.source, [], now=timezone.now(), zone=settings.TIME_ZONE, back=items)
    QuarantinedItem.objects.filter(item_id__in=items).update(state="OPEN", closed_at=None, closed_by=None)
    audited(by, "take_back_filing", patients=sorted(patients), access=CHANGE)
    return applied


def document_of(message: Message, address: str = "") -> tuple[str, bytes]:
    """Media type and bytes of a document, or of one part of an e-mail, as received; nothing of it is run or fetched."""
    content = read_blob(message.digest)
    if not address:
        kind = kind_of(content)
        return (kind[0] if kind else "text/plain"), content
    return part_of(content, address)

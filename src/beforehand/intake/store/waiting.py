"""Items set aside that can be tried again: the patient they waited for came, or a person asked for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping

from beforehand.clinical.tables import FACTS
from beforehand.intake.blobs import read_blob
from beforehand.intake.formats import items_of
from beforehand.intake.models import FiledItem, QuarantinedItem
from beforehand.intake.pieces import FILED, Piece, addresses, milliseconds, piece_of
from beforehand.intake.store.rows import TABLES_OF
from beforehand.intake.whose import about
from beforehand.record.models import Item, Message, Source
from beforehand.record.store.rows import among, fetch, listed, table_of


def load(item_ids: Iterable[int], source: Source, *, was: str = "QUARANTINED") -> list[Piece]:
    """The items as pieces again, read from the bytes they came in, in the order they came.

    Whom a person filed an item to is written into it.
    """
    ids = sorted(item_ids)
    rows = fetch(
        f"select i.message_id, i.place, i.id, i.outcome from {table_of(Item)} i"
        f" join {table_of(Message)} m on m.id = i.message_id"
        f" where m.source_id = %s and i.outcome = %s and {among('i.id')} order by i.message_id, i.place",
        [source.pk, was, listed(ids)],
    )
    wanted: dict[int, dict[int, int]] = defaultdict(dict)
    for message, place, item, _ in rows:
        wanted[message][place] = item
    messages = Message.objects.in_bulk(wanted)
    pieces: list[Piece] = []
    filed = dict(FiledItem.objects.filter(message_id__in=wanted).values_list("item_id", "person_record_id"))
    for number, places in wanted.items():
        pieces += _pieces(messages[number], places, filed)
    for piece in pieces:
        piece.was = was
    return pieces


def _pieces(message: Message, places: Mapping[int, int], filed: Mapping[int, int]) -> list[Piece]:
    raws = list(items_of(read_blob(message.digest), message.name))
    urls = addresses(raws)
    received = milliseconds(message.received_at)
    pieces = []
    for raw in raws:
        if raw.place in places:
            record = filed.get(places[raw.place])
            if record is not None and raw.resource is not None:
                raw = raw._replace(resource=about(raw.resource, FILED))
            piece = piece_of(message, raw, places[raw.place], urls, received)
            piece.filed_to = record
            pieces.append(piece)
    return pieces


def released_by(arrived: Iterable[int], source: Source, taken: Container[int] = ()) -> list[Piece]:
    """The items that waited for any of the resources that have arrived now, but for those ``taken`` up already."""
    table = table_of(QuarantinedItem)
    if not fetch(f"select 1 from {table} where waiting_for is not null limit 1"):
        return []
    rows = fetch(
        f"select item_id from {table} where state = 'OPEN' and {among('waiting_for')}",
        [listed(arrived)],
    )
    items = [row[0] for row in rows if row[0] not in taken]
    return load(items, source) if items else []


def person_record_of(resource: int) -> int | None:
    """Whose the facts of a resource are, for what is about that resource."""
    found = fetch("select type from resource where id = %s", [resource])
    for table in TABLES_OF.get(found[0][0], ()) if found else ():
        if table in FACTS and (rows := fetch(f'select person_record_id from "fact_{table}" where id = %s', [resource])):
            return int(rows[0][0])
    return None

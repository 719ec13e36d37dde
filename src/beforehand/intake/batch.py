"""One transaction of intake: items of one source become facts, with identities, people, quarantine and counters.

Everything an item brings about commits together or not at all, so a killed run leaves whole transactions behind
and is finished by the next. Only one batch runs at a time (``lock_for_writing``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from beforehand.clinical.fhir import Mapped, MappingError, map_resource, value_columns
from beforehand.clinical.tables import FACTS, REFERENCES
from beforehand.clinical.times import day_of
from beforehand.intake.partial import Partials
from beforehand.intake.pieces import FILED, Counts, Part, Piece, pieces_of
from beforehand.intake.store import waiting
from beforehand.intake.store.identities import Identities, Key
from beforehand.intake.store.outcome import write_outcome
from beforehand.intake.store.rows import Rows
from beforehand.record.concepts import Dictionary
from beforehand.record.enrolment import enrol_new
from beforehand.record.identity import link_arrivals
from beforehand.record.knowledge import extend as extend_knowledge
from beforehand.record.models import Item, Source
from beforehand.record.reconcile import reconcile_patients
from beforehand.record.store.persons import PersonArrival, derive_patients, is_another_person, write_persons
from beforehand.record.store.rows import (
    Numbers,
    find_persons,
    find_versions,
    lock_for_writing,
    message_states,
)
from beforehand.record.store.touched import Touched, mark_dirty
from beforehand.record.valuesets import extend as extend_value_sets

NOBODY = "The item does not say which patient it is about."
_PERSON_VALUES = {name: index for index, name in enumerate(value_columns("patient_record"))}


@dataclass
class Applied:
    """What applying came to: counters in items, by type, and the patients whose facts changed."""

    counts: Counts = field(default_factory=Counts)
    patients: set[int] = field(default_factory=set)
    new_patients: set[int] = field(default_factory=set)
    resources: dict[str, int] = field(default_factory=dict)
    fact_ids: list[int] = field(default_factory=list)

    def add(self, other: Applied) -> None:
        """Take in what another transaction came to."""
        self.counts.add(other.counts)
        self.patients |= other.patients
        self.new_patients |= other.new_patients
        self.fact_ids += other.fact_ids
        for type_, count in other.resources.items():
            self.resources[type_] = self.resources.get(type_, 0) + count


class _Context:
    """What the mapping may ask while it reads one resource."""

    def __init__(self, identities: Identities, dictionary: Dictionary, zone: str) -> None:
        self.identities = identities
        self.zone = zone
        self.own_id = 0
        self.filed_to: int | None = None
        self.urls: Mapping[str, Key] = {}
        self.concept = dictionary.number
        self._references: dict[str, int | None] = {}
        self._of: Mapping[str, Key] | None = None

    def begin(self, piece: Piece) -> None:
        """Turn to the next resource."""
        self.own_id = piece.resource_id or 0
        self.filed_to = piece.filed_to
        if piece.urls is not self._of:
            self._of = self.urls = piece.urls
            self._references = {}

    def ref(self, reference: Any) -> int | None:
        """The identity of what a reference names."""
        address = reference.get("reference") if isinstance(reference, dict) else reference
        if not isinstance(address, str):
            return self.identities.resolve(reference, self.urls)
        if address == FILED:
            return self.filed_to
        try:
            return self._references[address]
        except KeyError:
            found = self.identities.resolve(reference, self.urls)
            if found is not None:
                self._references[address] = found
            return found


class Batch:
    """The items of some messages of one source, in one transaction."""

    def __init__(self, source: Source, dictionary: Dictionary, *, now: datetime, zone: str) -> None:
        self.source = source
        self.source_id = int(source.pk)
        self.dictionary = dictionary
        self.now = now
        self.zone = zone
        self.persons: dict[int, int] = {}
        self.asked: set[int] = set()
        self.of_resource: dict[int, int] = {}  # resource -> person record, of facts in this transaction
        self.latest: dict[int, tuple[int, int, bytes | None]] = {}
        self.touched = Touched()
        self.new_patients: set[int] = set()
        self.partials = Partials()

    def run(self, parts: Sequence[Part], *, again: Sequence[int] = (), back: Sequence[int] = ()) -> Applied:
        """Apply the parts, and the quarantined items ``again``, take ``back`` applied ones; all of it or nothing."""
        try:
            with transaction.atomic():
                lock_for_writing()
                return self._run(parts, again, back)
        except BaseException:
            self.dictionary.forget()
            raise

    def _run(self, parts: Sequence[Part], again: Sequence[int], back: Sequence[int]) -> Applied:
        parts, late_comers = self._still_to_do(parts)
        numbers = Numbers(Item)
        first = numbers.take()
        pieces = list(pieces_of(parts, first))
        numbers.next = first + len(pieces)
        numbers.close()
        self.identities = Identities(self.source)
        self.rows = Rows(self.source_id)
        self.context = _Context(self.identities, self.dictionary, self.zone)
        self._apply(pieces)
        every = self._apply_released(pieces, waiting.load(again, self.source) if again else [])
        if back:
            every += self._take_back(waiting.load(back, self.source, was="APPLIED"))
        self._write(pieces, every)
        applied = Applied()
        write_outcome(applied, parts, pieces, every, now=self.now)
        for counts in late_comers:
            applied.add(counts)
        applied.patients = set(self.touched.tables)
        applied.new_patients = self.new_patients
        applied.fact_ids = self.rows.fact_ids()
        return applied

    def _apply_released(self, pieces: Sequence[Piece], again: list[Piece]) -> list[Piece]:
        """Try again what was asked for, and what waited for anything that has come now; all items tried again."""
        if again:
            self._apply(again)
        every = list(again)
        fresh: Sequence[Piece] = (*pieces, *again)
        while available := {p.resource_id for p in fresh if p.outcome == "APPLIED" and p.resource_id}:
            taken = {piece.item_id for piece in every}
            released = waiting.released_by(available, self.source, taken)
            here = [p for p in (*pieces, *every) if p.trouble is not None and p.trouble.waiting_for in available]
            for piece in here:
                piece.trouble, piece.replaces = None, None
            fresh = (*released, *here)
            self._apply(fresh)
            every += released
        return every

    def _take_back(self, pieces: list[Piece]) -> list[Piece]:
        """Set applied items aside again, without their facts, as if nobody had said whose they are."""
        self._identify(pieces)
        for piece in pieces:
            piece.replaces = piece.item_id
            self._replace(piece, None)
            piece.set_aside(NOBODY, field=f"{piece.type}.subject", remedy="File it to a person, or ask its sender.")
        self.identities.forget_current(piece.resource_id for piece in pieces if piece.resource_id)
        return pieces

    def _still_to_do(self, parts: Sequence[Part]) -> tuple[list[Part], list[Applied]]:
        """Leave out what another run has applied since we kept it; its items are duplicates of ours."""
        states = message_states({int(part.message.pk) for part in parts})
        mine, others = [], []
        for part in parts:
            if states.get(part.message.pk) == "KEPT":
                mine.append(part)
            else:
                count = part.count
                others.append(Applied(Counts(received=count, duplicates=count)))
        return mine, others

    # Reading: identities and versions.

    def _identify(self, pieces: Sequence[Piece]) -> None:
        wanted: dict[str, set[str]] = defaultdict(set)
        identifiers: dict[str, set[str]] = defaultdict(set)
        for piece in pieces:
            if piece.type:
                wanted[piece.type].add(piece.logical_id)
                if piece.keys:
                    identifiers[piece.type].update(piece.keys)
        self.identities.prepare(wanted, identifiers)
        for piece in pieces:
            if not piece.type:
                continue
            if piece.keys:
                piece.resource_id = self.identities.arrived(piece.type, piece.logical_id, piece.keys)
            else:
                piece.resource_id = self.identities.of(piece.type, piece.logical_id)
        items = {
            item: number
            for number, item in self.identities.current.items()
            if item is not None and number not in self.latest
        }
        for item, version_at, digest, _, _ in find_versions(items) if items else ():
            self.latest[items[item]] = (version_at or 0, item, digest)

    def _decide(self, piece: Piece) -> bool:
        """Whether the piece changes what is said of its resource; otherwise its outcome is settled here."""
        latest = self.latest.get(piece.resource_id or 0)
        piece.stands_as = None
        is_late = False
        if latest is not None:
            version_at, item, digest = latest
            if digest == piece.digest:
                piece.outcome = "DUPLICATE"
                return False
            is_late = (piece.version_at, piece.item_id) < (version_at, item)
            piece.replaces = item
        adds = piece.is_part and self.partials.offer(piece, latest)
        if is_late and not adds:
            piece.outcome, piece.version_state, piece.replaces = "APPLIED", "LATE", None
            return False
        if is_late:
            piece.stands_as = piece.replaces
        return True

    def _settle(self, piece: Piece, state: str) -> None:
        self.partials.settle(piece)
        piece.outcome, piece.trouble = "APPLIED", None
        piece.version_state = "LATE" if piece.stands_as else state
        if not piece.stands_as:
            self.latest[piece.resource_id or 0] = (piece.version_at, piece.item_id, piece.digest)

    # Mapping.

    def _apply(self, pieces: Sequence[Piece]) -> None:
        self._identify([piece for piece in pieces if piece.trouble is None])
        people, references, others = [], [], []
        for piece in pieces:
            if piece.trouble is not None:
                continue
            if piece.type == "Patient":
                people.append(piece)
            elif piece.resource is None:
                others.append(piece)
            elif piece.type in _REFERENCE_TYPES:
                references.append(piece)
            else:
                others.append(piece)
        self._apply_people(people)
        for piece in references:
            self._apply_one(piece, None)
        deferred: list[tuple[Piece, Mapped]] = []
        for piece in others:
            self._apply_one(piece, deferred)
        for piece, mapped in deferred:
            if not self._decide(piece):
                continue
            again = self._map(piece) if piece.is_part else mapped
            if again is not None:
                self._place(piece, again, None)

    def _map(self, piece: Piece, *, alone: bool = False) -> Mapped | None:
        """What the piece says; of a part, with what was said before unless ``alone``."""
        self.context.begin(piece)
        said = piece.resource if alone or piece.whole is None else piece.whole
        try:
            return map_resource(said or {}, self.context)
        except MappingError as error:
            piece.set_aside(str(error.reason), field=str(error.place), remedy=str(error.remedy))
        except RecursionError:
            piece.set_aside("The item nests too deep.", remedy="Check the sending system.")
        return None

    def _apply_people(self, pieces: Sequence[Piece]) -> None:
        arrivals: list[PersonArrival] = []
        mapped_people: list[tuple[Piece, Mapped]] = []
        for piece in pieces:
            if not self._decide(piece):
                continue
            if piece.resource is None:
                self._withdraw(piece)
                continue
            mapped = self._map(piece)
            if mapped is None:
                continue
            if mapped.person is None or not mapped.rows:
                piece.set_aside("The Patient says nothing of who it is.", field="Patient")
                continue
            arrival = self._arrival(piece, mapped)
            now_says = self._said_now(piece, arrival)
            if piece.replaces is not None and is_another_person(now_says, _latest(arrivals, arrival)):
                piece.set_aside(
                    "The record now names another person than before: other birth date, names and identifiers.",
                    field="Patient",
                    remedy="Ask the sender. If it gives numbers twice, take it in under a source name of its own.",
                )
                continue
            arrivals.append(arrival)
            mapped_people.append((piece, mapped))
            self._settle(piece, "WITHDRAWN" if mapped.withdrawn else "CURRENT")
        if not arrivals:
            return
        persons, new = write_persons(self.source_id, arrivals)
        self.new_patients.update(new)
        moved = link_arrivals([arrival.record_id for arrival in arrivals], arrivals, at=self.now)
        for patient, tables in moved.items():
            self.touched.note(patient, tables)
        self.persons.update(find_persons(persons))
        self.rows.follow(self.persons)
        for piece, mapped in mapped_people:
            record = piece.resource_id or 0
            self._replace(piece, self.persons[record])
            self._add_rows(piece, mapped, record)
            self.touched.note(self.persons[record], {"patient"})

    def _said_now(self, piece: Piece, arrival: PersonArrival) -> PersonArrival:
        """What a part says by itself: the names and numbers it takes over from before prove nothing."""
        mapped = self._map(piece, alone=True) if piece.is_part else None
        return self._arrival(piece, mapped) if mapped is not None and mapped.rows and mapped.person else arrival

    def _arrival(self, piece: Piece, mapped: Mapped) -> PersonArrival:
        values = mapped.rows[0][2]
        person = mapped.person
        assert person is not None
        first, last = values[_PERSON_VALUES["birth_from_day"]], values[_PERSON_VALUES["birth_to_day"]]
        links = [self.context.ref(reference) for kind, reference in person.links if kind in ("replaced-by", "replaces")]
        return PersonArrival(
            record_id=piece.resource_id or 0,
            names=person.names,
            identifiers=person.identifiers,
            contacts=person.contacts,
            birth_day=first if first is not None and first == last else None,
            sex=values[_PERSON_VALUES["sex"]],
            replaced_by=[number for number in links if number is not None],
        )

    def _apply_one(self, piece: Piece, deferred: list[tuple[Piece, Mapped]] | None) -> None:
        if not self._decide(piece):
            return
        if piece.resource is None:
            self._withdraw(piece)
            return
        mapped = self._map(piece)
        if mapped is not None:
            self._place(piece, mapped, deferred)

    def _place(self, piece: Piece, mapped: Mapped, deferred: list[tuple[Piece, Mapped]] | None) -> None:
        """Give the mapped rows to the person they are about, or say for whom they wait."""
        if mapped.rows and mapped.rows[0][0] in REFERENCES:
            self._settle(piece, "WITHDRAWN" if mapped.withdrawn else "CURRENT")
            self._replace(piece, None)
            for table, fragment, values in mapped.rows:
                self.rows.add_reference(table, self._row_id(piece, fragment), piece.stands_as or piece.item_id, values)
            return
        record, awaited = self._person_of(mapped)
        if record is None and mapped.withdrawn and piece.replaces is not None:
            self._withdraw(piece)  # its sender may leave out everything but the withdrawal
            return
        if record is None and not mapped.is_kept_only:
            if deferred is not None and mapped.through:
                deferred.append((piece, mapped))
            elif awaited is None:
                piece.set_aside(NOBODY, field=f"{piece.type}.subject", remedy="Ask the sender to name the patient.")
            else:
                piece.set_aside(
                    "The patient it is about has not arrived.",
                    field=f"{piece.type}.subject",
                    remedy="Ask the sender for the Patient; it is taken up by itself then.",
                    waiting_for=awaited,
                )
            return
        self._settle(piece, "WITHDRAWN" if mapped.withdrawn else "KEPT" if mapped.is_kept_only else "CURRENT")
        piece.patient_id = self.persons.get(record) if record else None
        if record is not None:
            self._replace(piece, piece.patient_id)
            self._add_rows(piece, mapped, record)

    def _row_id(self, piece: Piece, fragment: str) -> int:
        if not fragment:
            return piece.resource_id or 0
        return self.identities.child(piece.type, piece.logical_id, fragment, piece.replaces is None)

    def _add_rows(self, piece: Piece, mapped: Mapped, record: int) -> None:
        patient = piece.patient_id = self.persons[record]
        item = piece.stands_as or piece.item_id
        for table, fragment, values in mapped.rows:
            number = piece.resource_id if not fragment else self._row_id(piece, fragment)
            self.rows.add_fact(table, number or 0, patient, record, item, mapped.sensitivity, values)
            self.touched.note_added(patient, table, values)
        self.of_resource[piece.resource_id or 0] = record
        if mapped.medication is not None and mapped.rows:
            medication = self.context.ref(mapped.medication)
            if medication is not None:
                table, fragment, _ = mapped.rows[0]
                self.rows.mention_medication(self._row_id(piece, fragment), table, medication)

    def _person_of(self, mapped: Mapped) -> tuple[int | None, int | None]:
        """(person record the facts belong to, what they wait for when it is not here)."""
        if mapped.patient is not None:
            number = self.context.ref(mapped.patient)
            return (self._arrived_person(number), number) if number is not None else (None, None)
        awaited: int | None = None
        for reference in mapped.through:
            number = self.context.ref(reference)
            if number is None:
                continue
            record = self.of_resource.get(number) or self._arrived_person(number)
            if record is None:
                record = waiting.person_record_of(number)
            if record is not None and self._arrived_person(record) is not None:
                return record, None
            awaited = awaited or number
        return None, awaited

    def _arrived_person(self, number: int) -> int | None:
        if number in self.persons:
            return number
        if number not in self.asked:
            self.asked.add(number)
            self.persons.update(find_persons([number]))
        return number if number in self.persons else None

    # Versions.

    def _replace(self, piece: Piece, patient: int | None) -> None:
        """Take out the facts of the version before."""
        if piece.replaces is None:
            return
        for owner, tables in self.rows.take_out(piece.type, piece.resource_id or 0, piece.replaces, patient).items():
            self.touched.note(owner, tables)

    def _withdraw(self, piece: Piece) -> None:
        self._replace(piece, None)
        self._settle(piece, "WITHDRAWN")

    # Writing.

    def _write(self, pieces: Sequence[Piece], released: Sequence[Piece]) -> None:
        stated = {
            piece.resource_id: piece.item_id
            for piece in sorted((*pieces, *released), key=lambda p: (p.version_at, p.item_id))
            if piece.outcome == "APPLIED" and piece.version_state != "LATE" and piece.resource_id
        }
        self.rows.write()
        self.partials.write()
        self.identities.write(stated)
        concepts = self.dictionary.write()
        if concepts:
            extend_value_sets(concepts)
            extend_knowledge(concepts)
        for patient, tables in self.rows.fill_medications().items():
            self.touched.note(patient, tables)
        self.identities.merge_placeholders()
        changed = self.touched.tables
        derive_patients(patient for patient, tables in changed.items() if tables & {"patient", "patient_record"})
        for patient, tables in reconcile_patients(changed).items():
            self.touched.note(patient, tables)
        enrol_new(sorted(self.new_patients), day_of(timezone.localtime(self.now).date()))
        mark_dirty(self.touched.marks(), self.now)


def _latest(arrivals: Sequence[PersonArrival], arrival: PersonArrival) -> PersonArrival | None:
    """What this transaction said before of the same record, not written yet."""
    return next((one for one in reversed(arrivals) if one.record_id == arrival.record_id), None)


_REFERENCE_TYPES = frozenset(table.fhir for table in REFERENCES.values()) - {table.fhir for table in FACTS.values()}


def run_batch(
    source: Source,
    parts: Iterable[Part],
    *,
    dictionary: Dictionary | None = None,
    now: datetime,
    zone: str,
    again: Sequence[int] = (),
    back: Sequence[int] = (),
) -> Applied:
    """Apply parts of messages of one source in one transaction."""
    batch = Batch(source, dictionary or Dictionary(source.name), now=now, zone=zone)
    return batch.run(list(parts), again=again, back=back)

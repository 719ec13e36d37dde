"""Writing down who a source says a person is: its record, names, identifiers, contacts, and the patient derived."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from beforehand.record.matching_compare import Person, compare
from beforehand.record.models import HouseSetting, Patient, PersonContact, PersonIdentifier, PersonName, PersonRecord
from beforehand.record.store.matching import people_of, person_from
from beforehand.record.store.rows import (
    FACT_NAMES,
    Numbers,
    among,
    change,
    fetch,
    find_persons,
    insert_objects,
    insert_rows,
    listed,
    table_of,
    update_rows,
)


@dataclass
class PersonArrival:
    """A Patient resource as a source sent it, ready to be written."""

    record_id: int
    names: Sequence[tuple[str, str, str, str]]  # use, family, given, text
    identifiers: Sequence[tuple[str, str, str]]  # system, value, type
    contacts: Sequence[tuple[str, str, str]]  # kind, use, value
    birth_day: int | None = None
    sex: str | None = None
    replaced_by: list[int] = field(default_factory=list)  # other records of the same source that are this person


def fold(words: str) -> str:
    """Words for comparing: no case, accents, spaces or marks."""
    plain = unicodedata.normalize("NFKD", words.casefold())
    return "".join(character for character in plain if character.isalnum())


def digits(words: str) -> str:
    """The digits of a phone number, without the country code of the United States."""
    found = "".join(character for character in words if character.isdigit())
    return found[1:] if len(found) == 11 and found[0] == "1" else found


def contact_key(kind: str, value: str) -> str:
    """What two ways of writing one phone, address or e-mail have in common."""
    return digits(value)[:100] if kind == "phone" else fold(value)[:100]


def write_persons(source_id: int, arrivals: Sequence[PersonArrival]) -> tuple[dict[int, int], list[int]]:
    """Write the newest version of each person record. (patient of each record, patients that are new)."""
    persons = find_persons(arrival.record_id for arrival in arrivals)
    newest = {arrival.record_id: arrival for arrival in arrivals}
    new = [arrival for arrival in newest.values() if arrival.record_id not in persons]
    numbers = Numbers(Patient)
    calendar_id = HouseSetting.objects.filter(name="calendar_id").values_list("value", flat=True).first() or 1
    patients, records = [], []
    for arrival in new:
        patient = persons[arrival.record_id] = numbers.take()
        patients.append(Patient(id=patient, calendar_id=calendar_id))
        records.append(
            PersonRecord(
                id=arrival.record_id,
                source_id=source_id,
                patient_id=patient,
                own_patient_id=patient,
                birth_day=arrival.birth_day,
                sex=arrival.sex,
            )
        )
    insert_objects(patients)
    insert_objects(records)
    numbers.close()
    known = [arrival for arrival in newest.values() if arrival not in new]
    update_rows(
        table_of(PersonRecord),
        "birth_day = %s, sex = %s",
        "id = %s",
        [(arrival.birth_day, arrival.sex, arrival.record_id) for arrival in known],
    )
    if known:
        for model in (PersonName, PersonIdentifier, PersonContact):
            change(
                f"delete from {table_of(model)} where {among('person_record_id')}",
                [listed(arrival.record_id for arrival in known)],
            )
    _write_details(list(newest.values()), persons)
    return persons, [int(patient.id) for patient in patients]


def is_another_person(arrival: PersonArrival, before: PersonArrival | None = None) -> bool:
    """Whether a newer version of a record names somebody else: another birth date, and no name like the one before.

    A source that gives a number to a second person must not turn the first into them.
    """
    known = people_of([arrival.record_id]).get(arrival.record_id) if before is None else _person(before)
    if known is None:
        return False
    new = _person(arrival)
    if known.names == new.names or set(known.names) & set(new.names):
        return False
    found = compare(known, new)
    if found.level("birth date") in ("", "same"):
        return False
    if found.level("identifier") in ("", "differs"):
        return not {"same", "part"} & {found.level("family name"), found.level("given name")} or (
            found.level("birth date") == "differs" and found.level("given name") == "differs"
        )
    return [found.level(kind) for kind in ("birth date", "family name", "given name")] == ["differs"] * 3


def _person(arrival: PersonArrival) -> Person:
    return person_from(
        (arrival.record_id, 0, arrival.birth_day, arrival.sex),
        [(family, given, text) for _, family, given, text in arrival.names],
        arrival.identifiers,
        [(kind, value) for kind, _, value in arrival.contacts],
    )


def _write_details(arrivals: Iterable[PersonArrival], persons: dict[int, int]) -> None:
    names, identifiers, contacts = [], [], []
    for arrival in arrivals:
        head = (arrival.record_id, persons[arrival.record_id])
        for use, family, given, text in arrival.names:
            keys = (fold(family)[:200], fold(given)[:200])
            names.append((*head, use[:20], family[:200], given[:200], text[:300], *keys))
        for system, value, type_ in arrival.identifiers:
            identifiers.append((*head, system[:300], value[:200], type_[:40]))
        for kind, use, value in arrival.contacts:
            contacts.append((*head, kind[:10], use[:20], value[:400], contact_key(kind, value)))
    head_names = ["person_record_id", "patient_id"]
    insert_rows(table_of(PersonName), [*head_names, "use", "family", "given", "text", "family_key", "given_key"], names)
    insert_rows(table_of(PersonIdentifier), [*head_names, "system", "value", "type"], identifiers)
    insert_rows(table_of(PersonContact), [*head_names, "kind", "use", "value", "value_key"], contacts)


_STATED = ["id", "patient_id", "birth_from_day", "birth_to_day", "sex", "is_deceased", "deceased_from_day"]
_STATED += ["deceased_to_day", "language", "needs_interpreter"]
_NAME_RANK = {"usual": 0, "official": 1, "": 2, "temp": 3, "nickname": 4, "anonymous": 5, "old": 6, "maiden": 7}


def derive_patients(patient_ids: Iterable[int]) -> None:
    """Recompute each patient's demographics and name from the person records that stand for them now.

    The lowest record leads; others fill what it leaves empty. A death said by any of them counts.
    """
    wanted = sorted(set(patient_ids))
    if not wanted:
        return
    stated: dict[int, list[dict[str, Any]]] = defaultdict(list)
    columns = ", ".join(_STATED)
    for row in fetch(
        f"select {columns} from fact_patient_record where {among('patient_id')} order by id",
        [listed(wanted)],
    ):
        stated[row[1]].append(dict(zip(_STATED, row, strict=True)))
    names = _leading_names(wanted)
    rows = []
    for patient in wanted:
        merged = _merged(stated.get(patient, []))
        display, sort_name = names.get(patient, ("", ""))
        rows.append((*merged, display[:300], sort_name[:300], patient))
    update_rows(
        table_of(Patient),
        "birth_from_day = %s, birth_to_day = %s, sex = %s, is_deceased = %s, deceased_from_day = %s,"
        " deceased_to_day = %s, language = %s, needs_interpreter = %s, display_name = %s, sort_name = %s",
        "id = %s",
        rows,
    )


def _merged(records: list[dict[str, Any]]) -> tuple[Any, ...]:
    def first(name: str) -> Any:
        return next((record[name] for record in records if record[name] is not None), None)

    born = [r for r in records if r["birth_from_day"] is not None]
    birth = min(born, key=lambda r: (r["birth_to_day"] - r["birth_from_day"], r["id"]), default=None)
    sexes = [r["sex"] for r in records if r["sex"]]
    sex = next((s for s in sexes if s != "unknown"), sexes[0] if sexes else None)
    is_deceased = int(any(r["is_deceased"] for r in records))
    died = next((r for r in records if r["deceased_from_day"] is not None), None)
    return (
        birth and birth["birth_from_day"],
        birth and birth["birth_to_day"],
        sex,
        is_deceased,
        died and died["deceased_from_day"],
        died and died["deceased_to_day"],
        first("language"),
        first("needs_interpreter"),
    )


def _in_order(name: str) -> str:
    """The name as it stands in the alphabet: Álvarez beside Alvarez, not after Z."""
    return "".join(each for each in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(each))


def _leading_names(patients: list[int]) -> dict[int, tuple[str, str]]:
    best: dict[int, tuple[tuple[int, int, int], str, str]] = {}
    rows = fetch(
        "select patient_id, person_record_id, id, use, family, given, text"
        f" from {table_of(PersonName)} where {among('patient_id')}",
        [listed(patients)],
    )
    for patient, record, number, use, family, given, text in rows:
        rank = (_NAME_RANK.get(use, 2), record, number)
        if patient in best and best[patient][0] <= rank:
            continue
        display = " ".join(f"{given} {family}".split()) or text
        sort_name = _in_order(f"{family}, {given}".strip(", ") or text)
        best[patient] = (rank, display, sort_name)
    return {patient: (display, sort_name) for patient, (_, display, sort_name) in best.items()}


PATIENT_RECORD_COLUMNS = FACT_NAMES["patient_record"]

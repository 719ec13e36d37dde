"""Who stands for whom, as rows: decisions, clusters of records, and moving a record's facts."""

from __future__ import annotations

from collections.abc import Iterable

from beforehand.clinical.tables import FACTS
from beforehand.record.store.rows import among, change, fetch, listed, move_facts

Decisions = dict[tuple[int, int], str]


def _decisions_of(records: Iterable[int]) -> list[tuple[int, int, int, str, str]]:
    """(id, left, right, decision, basis) of every decision about these records, oldest first."""
    parameter = listed(sorted(set(records)))
    columns = "select id, left_record_id, right_record_id, decision, basis from link_decision where"
    rows = fetch(  # a union and no order: each half goes by its own index
        f"{columns} {among('left_record_id')} union {columns} {among('right_record_id')}", [parameter, parameter]
    )
    return sorted((row[0], row[1], row[2], row[3], row[4]) for row in rows)


def newest_decisions(records: Iterable[int]) -> Decisions:
    """The decision that holds for each pair in which one of these records stands."""
    return {(min(left, right), max(left, right)): decision for _, left, right, decision, _ in _decisions_of(records)}


def automatic_links(records: Iterable[int]) -> list[tuple[int, int]]:
    """Pairs with one of these records that are linked by no person's decision."""
    newest = {(left, right): (decision, basis) for _, left, right, decision, basis in _decisions_of(records)}
    return [pair for pair, how in newest.items() if how == ("LINK", "AUTOMATIC")]


def listed_of(records: Iterable[int], states: Iterable[str]) -> dict[tuple[int, int], int]:
    """Possible matches of these records in these states: their ids by pair."""
    parameter = listed(sorted(set(records)))
    columns = "select id, left_record_id, right_record_id, state from possible_match where"
    rows = fetch(
        f"{columns} {among('left_record_id')} union {columns} {among('right_record_id')}", [parameter, parameter]
    )
    wanted = set(states)
    return {(left, right): number for number, left, right, state in sorted(rows) if state in wanted}


def all_decided() -> set[int]:
    """Every record that stands in any decision."""
    return {
        record
        for pair in fetch("select distinct left_record_id, right_record_id from link_decision")
        for record in pair
    }


def patients_of(records: Iterable[int]) -> tuple[dict[int, int], dict[int, int]]:
    """(patient now, patient of its own) of each record that has arrived."""
    rows = fetch(
        f"select id, patient_id, own_patient_id from person_record where {among('id')}", [listed(sorted(records))]
    )
    return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}


def sources_of(records: Iterable[int]) -> dict[int, int]:
    """The source of each record that has arrived."""
    return dict(fetch(f"select id, source_id from person_record where {among('id')}", [listed(records)]))


def move_record(record: int, before: int, after: int) -> set[str]:
    """Let a person record, with its names and facts, stand for another patient; the tables that changed."""
    change("update person_record set patient_id = %s where id = %s", [after, record])
    for table in ("person_name", "person_identifier", "person_contact"):
        change(f"update {table} set patient_id = %s where person_record_id = %s", [after, record])
    return {"patient", *move_facts(record, before, after)}


def merge_into(leading: int, patients: Iterable[int]) -> None:
    """Note which patient stands for a group of them; the leading one stands for itself."""
    change(
        f"update patient set merged_into_id = case when id = %s then null else %s end where {among('id')}",
        [leading, leading, listed(sorted(patients))],
    )


def stated_while_linked(records: Iterable[int]) -> list[tuple[int, str, int]]:
    """(identity, type, person record) of what people stated about these records' patients since they were linked."""
    parameter = listed(sorted(records))
    since = fetch(
        "select min(at) from link_decision where decision = 'LINK'"
        f" and ({among('left_record_id')} or {among('right_record_id')})",
        [parameter, parameter],
    )[0][0]
    if since is None:
        return []
    patients = {row[0] for row in fetch(f"select patient_id from person_record where {among('id')}", [parameter])}
    return fetch(
        "select i.resource_id, r.type, p.id from item i join message m on m.id = i.message_id"
        " join source s on s.id = m.source_id join resource r on r.id = i.resource_id"
        " join person_record p on p.own_patient_id = i.patient_id"
        f" where s.kind = 'PERSON' and m.received_at >= %s and i.version_state = 'CURRENT' and {among('i.patient_id')}",
        [since, listed(sorted(patients))],
    )


def facts_astray() -> dict[str, int]:
    """How many facts of each table do not follow their person record."""
    question = (
        'select count(*) from "fact_{0}" f left join person_record r on r.id = f.person_record_id'
        " where r.id is null or r.patient_id <> f.patient_id"
    )
    counts = {table: int(fetch(question.format(table))[0][0]) for table in FACTS}
    return {table: count for table, count in counts.items() if count}

"""In what two lines contradict each other: medicines, allergies, problems, vaccines, results, insurance.

Two lines are held against each other when they speak of the same thing and no source says both. A newer statement of
one source is its history, not a contradiction; nor is what only one of them says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

from beforehand.clinical.fact_words import quantity, value
from beforehand.clinical.strengths import Strength
from beforehand.clinical.times import show_range
from beforehand.clinical.units import unit_of
from beforehand.record.agreement import ALIKE, Meanings, Row, amount_of, is_same_number, moment_of, tolerance_of
from beforehand.record.reading import Line


class Differs(NamedTuple):
    """In what two sides differ, and what each says of it."""

    what: str
    left: str
    right: str


Pair = tuple[Line, Line, list[Differs]]
NEVER = ("entered-in-error", "draft", "cancelled", "preliminary", "registered", "unknown", "intended")
TAKING = ("medication_request", "medication_statement")


@dataclass(frozen=True)
class Told:
    """The lines of one table, with what their codes mean and how concepts are called."""

    table: str
    lines: list[Line]
    meanings: Meanings
    subjects: Mapping[int, Hashable]  # medicines: concept -> its ingredients
    words: Mapping[int, str]

    def called(self, concept: int | None) -> str:
        """What a concept is called."""
        return self.words.get(concept or 0, "")

    def by_code(self) -> Iterator[list[Line]]:
        """The lines that speak of the same thing."""
        groups: dict[Hashable, list[Line]] = defaultdict(list)
        for line in self.lines:
            code = line.row["code"]
            if code is not None and line.row.get("status") not in NEVER and line.row.get("verification") not in NEVER:
                groups[self.subjects.get(code, self.meanings.of(code))].append(line)
        yield from groups.values()


def pairs_of(told: Mapping[str, Told]) -> Iterator[Pair]:
    """Every two lines that contradict each other."""
    yield from _medicines([told[name] for name in TAKING if name in told])
    for name, differences in _OF_TABLE.items():
        if name in told:
            groups = _by_payer(told[name]) if name == "coverage" else told[name].by_code()
            for lines in groups:
                for one, other in combinations(sorted(lines, key=lambda line: line.fact_id), 2):
                    if are_of_two(one, other) and (found := differences(one.row, other.row, told[name])):
                        yield one, other, found


def sources_of(line: Line) -> frozenset[int]:
    """Who says a line."""
    return frozenset(said.source_id for said in line.said_by)


def are_of_two(one: Line, other: Line) -> bool:
    """Whether no source says both."""
    return not sources_of(one) & sources_of(other)


def said_day(row: Row) -> int | None:
    """The day on which a source says something, as it states it; else the day it speaks of."""
    for name in ("authored", "asserted", "recorded", "issued", "taken", "given", "end", "start", "onset"):
        if row.get(f"{name}_from_day") is not None:
            return int(row[f"{name}_from_day"])
    return None


def _days(row: Row, name: str) -> str:
    return show_range(row[f"{name}_from_day"], row[f"{name}_to_day"], today=0) or ""


def _stated(what: str, one: str | None, other: str | None) -> list[Differs]:
    """A difference in what both say."""
    return [Differs(what, one, other)] if one and other and one != other else []


# Medicines: of the same ingredients two doses, or one source that has it taken and a later word that it is not.


def _medicines(told: list[Told]) -> Iterator[Pair]:
    groups: dict[Hashable, list[Line]] = defaultdict(list)
    for table in told:
        for lines in table.by_code():
            code = lines[0].row["code"]
            groups[table.subjects.get(code, (table.table, table.meanings.of(code)))] += lines
    by_table = {table.table: table for table in told}
    for lines in groups.values():
        for one, other in combinations(_last_words(lines), 2):
            if are_of_two(one, other) and (found := _of_medicine(one, other, by_table)):
                yield one, other, found


def _last_words(lines: Iterable[Line]) -> list[Line]:
    """The newest order and the newest statement of each source.

    What people here write down of taking is the patient's word, whoever of them wrote it: one source, number 0.
    """
    newest: dict[tuple[int, str], Line] = {}
    for line in lines:
        is_word = line.table == "medication_statement"
        for source in {0 if is_word and said.is_person else said.source_id for said in line.said_by}:
            before = newest.get((source, line.table))
            if before is None or _freshness(line) > _freshness(before):
                newest[source, line.table] = line
    return sorted({line.fact_id: line for line in newest.values()}.values(), key=lambda line: line.fact_id)


def _freshness(line: Line) -> tuple[int, int]:
    return (said_day(line.row) or 0, line.fact_id)


def is_taken(row: Row) -> bool:
    """Whether the source has it taken."""
    return row["status"] == "active" and not row.get("do_not_perform")


def is_ended(row: Row) -> bool:
    """Whether the source says that it is not taken."""
    return row["status"] in ("stopped", "not-taken") or (row["status"] == "active" and bool(row.get("do_not_perform")))


def _of_medicine(one: Line, other: Line, told: Mapping[str, Told]) -> list[Differs]:
    found: list[Differs] = []
    if is_taken(one.row) and is_taken(other.row) and one.table == other.table == "medication_request":
        found += _doses(one.row, other.row, told[one.table])
    for taken, ended in ((one.row, other.row), (other.row, one.row)):
        since, until = said_day(taken), said_day(ended)
        if is_taken(taken) and is_ended(ended) and until is not None and (since is None or until >= since):
            found += [Differs("status", taking_words(one.row), taking_words(other.row))]
    return found


def _doses(one: Row, other: Row, told: Told) -> list[Differs]:
    """Another amount a day; or, where that cannot be compared, products of another strength."""
    strengths = [told.meanings.strengths.get(row["code"]) or frozenset() for row in (one, other)]
    mine, theirs = (amount_a_day(row, strength) for row, strength in zip((one, other), strengths, strict=True))
    if mine is not None and theirs is not None and mine[0] == theirs[0]:
        differ = mine[1] != theirs[1]
    else:
        differ = all(strengths) and strengths[0] != strengths[1]
    if not differ:
        return []
    words = [dose_words(row) for row in (one, other)]
    if one["code"] != other["code"] or words[0] == words[1]:  # one tablet of another strength is another dose
        words = [": ".join(filter(None, (told.called(row["code"]), dose_words(row)))) for row in (one, other)]
    return [Differs("dose", *words)]


def amount_a_day(row: Row, strength: Strength = frozenset()) -> tuple[Hashable, Fraction] | None:
    """How much a day: by mass or volume, or a count of pieces, which compares only with the same product.

    A count of pieces that hold so many milligrams of one ingredient each is a mass.
    """
    dose = amount_of(row, "dose")
    if dose is None:
        return None
    times = Fraction(row["daily_micro"] if row.get("daily_micro") is not None else 1_000_000, 1_000_000)
    if not dose.dimension and len(strength) == 1:
        each, unit = next(iter(strength))
        if unit == "mg":
            return _MILLIGRAM.dimension, dose.number * times * each * _MILLIGRAM.factor
    return (dose.dimension or ("pieces", row["code"]), dose.number * times)


_MILLIGRAM = unit_of("mg")


def dose_words(row: Row) -> str:
    """What is to be taken at a time and how often, in short."""
    often = (row.get("daily_text") or "").strip()
    return quantity(row, "dose") + (f", {often} {'time' if often == '1' else 'times'} a day" if often else "")


def taking_words(row: Row) -> str:
    """What a source says of taking a medicine."""
    if row.get("do_not_perform"):
        return "not to be taken"
    return {"active": "taken", "not-taken": "not taken", "completed": "finished"}.get(row["status"], str(row["status"]))


# The other tables: what differs between two rows about the same thing.


def _allergy(one: Row, other: Row, told: Told) -> list[Differs]:
    found = _certainty(one, other)
    found += _states("clinical_status", one, other) if not found else []
    levels = [row["criticality"] if row["criticality"] in ("low", "high") else None for row in (one, other)]
    return found + _stated("criticality", *levels)


def _certainty(one: Row, other: Row) -> list[Differs]:
    """One source rules out what the other holds for sure, or at least for likely."""
    if (one["verification"] == "refuted") == (other["verification"] == "refuted"):
        return []
    left, right = ("ruled out" if row["verification"] == "refuted" else "stated" for row in (one, other))
    return [Differs("certainty", left, right)]


def _states(name: str, one: Row, other: Row) -> list[Differs]:
    mine, theirs = one[name], other[name]
    if not mine or not theirs or ALIKE.get(mine, mine) == ALIKE.get(theirs, theirs):
        return []
    return [Differs("status", mine, theirs)]


def _problem(one: Row, other: Row, told: Told) -> list[Differs]:
    starts = [moment_of(row, "onset") for row in (one, other)]
    tolerance = tolerance_of("condition")
    if not tolerance.is_one(*starts):  # another time it was had, unless both have it going on
        days = [start.first for start in starts]
        both_active = one["clinical_status"] == other["clinical_status"] == "active"
        refuted = "refuted" in (one["verification"], other["verification"])
        if both_active and not refuted and tolerance.differs(*days):
            return [Differs("onset", _days(one, "onset"), _days(other, "onset"))]
        return []
    found = _certainty(one, other)
    found += _states("clinical_status", one, other) if not found else []
    if told.meanings.of(one["severity"]) != told.meanings.of(other["severity"]):
        found += _stated("severity", told.called(one["severity"]), told.called(other["severity"]))
    ends = [moment_of(row, "abated") for row in (one, other)]
    if all(end.first is not None for end in ends) and not tolerance.is_one(*ends):
        found += [Differs("end", _days(one, "abated"), _days(other, "abated"))]
    return found


def _vaccine(one: Row, other: Row, told: Told) -> list[Differs]:
    days = [moment_of(row, "given") for row in (one, other)]
    if days[0].first == days[1].first is not None:  # refused one day and given the next is no contradiction
        words = {"completed": "given", "not-done": "not given"}
        return _stated("status", words.get(one["status"]), words.get(other["status"]))
    if one["status"] == other["status"] == "completed" and tolerance_of("immunization").differs(
        *(day.first if day.first == day.last else None for day in days)
    ):
        return [Differs("date", _days(one, "given"), _days(other, "given"))]
    return []


def _result(one: Row, other: Row, told: Told) -> list[Differs]:
    """Two values of one minute: of the same drop of blood only one can be right."""
    times = [moment_of(row, "taken") for row in (one, other)]
    if any(time.minute is None for time in times) or not tolerance_of("observation").is_one(*times):
        return []
    if one["body_site"] != other["body_site"] or one["comparator"] or other["comparator"]:
        return []
    analytes = [told.meanings.analytes.get(row["code"]) for row in (one, other)]
    mine, theirs = (amount_of(row, "value", analyte) for row, analyte in zip((one, other), analytes, strict=True))
    if mine is None or theirs is None or mine.dimension != theirs.dimension or is_same_number(mine, theirs, True):
        return []
    return _stated("value", value(one, told.called), value(other, told.called))


def _by_payer(told: Told) -> Iterator[list[Line]]:
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in told.lines:
        payer = " ".join((line.row["payor_name"] or "").casefold().split())
        if payer and line.row["status"] == "active":
            groups[payer].append(line)
    yield from groups.values()


def _coverage(one: Row, other: Row, told: Told) -> list[Differs]:
    if told.meanings.of(one["code"]) != told.meanings.of(other["code"]) and one["code"] and other["code"]:
        return []  # another sort of cover of the same payer
    first, second = sorted((one, other), key=lambda row: row["start_from_day"] or 0)
    if first["end_to_day"] is not None and (second["start_from_day"] or 0) > first["end_to_day"]:
        return []  # one follows the other
    found = _stated("member number", one["member_number"], other["member_number"])
    found += _stated("start", _days(one, "start"), _days(other, "start"))
    found += _stated("end", _days(one, "end"), _days(other, "end"))
    return found + _stated("relationship", one["relationship"], other["relationship"])


_OF_TABLE: dict[str, Callable[[Row, Row, Told], list[Differs]]] = {
    "allergy": _allergy,
    "condition": _problem,
    "immunization": _vaccine,
    "observation": _result,
    "coverage": _coverage,
}

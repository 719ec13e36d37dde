"""Score the vaccine rules against CDC's test cases: ``python -m bench.cdsi [DECK] [--json] [--misses]``.

DECK is a folder like ``../shared/data/immunization-cdsi``. Scored are the cases of adults (19 or older on the day of
assessment) of the vaccine groups that the rules speak of: the healthy ones, and of those with an underlying condition
the ones whose every indication is an illness that a record states (RISKS). Every other group, age and indication
(work, travel, wish, reactions, dialysis doses) is counted as not supported.
Compared are the status of the series and the day from which the next dose is recommended.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import tarfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src")]

from beforehand.clinical.content import content_root  # noqa: E402 - after the path
from beforehand.clinical.times import date_of  # noqa: E402
from beforehand.lookahead.cases import Case, Casebook, LoadedCases  # noqa: E402
from beforehand.lookahead.engines.answers import Answer  # noqa: E402
from beforehand.lookahead.library import read_library  # noqa: E402

SHARED = ROOT.parent / "shared" / "data" / "immunization-cdsi"
ADULT = 19
WHOLE_CALENDAR = (-29219, 47846)  # 1890 to 2100
RULES = {
    "FLU": "influenza_vaccination",
    "PCV": "pneumococcal_vaccination",
    "ZOSTER": "zoster_vaccination",
    "RSV": "rsv_vaccination",
    "HepB": "hepatitis_b_vaccination",
    "HPV": "hpv_vaccination",
    "MMR": "mmr_vaccination",
    "VAR": "varicella_vaccination",
    "DTAP": "tetanus_booster",
    "Pneumococcal": "pneumococcal_vaccination",
    "Zoster": "zoster_vaccination",
    "HepA": "hepatitis_a_vaccination",
    "Meningococcal": "meningococcal_vaccination",
    "Meningococcal B": "meningococcal_b_vaccination",
}
RISKS = {  # the deck's code of an indication -> the same as a record states it; dialysis has doses of its own
    "005": "icd10cm:B18.2",
    "011": "icd10cm:Z96.21",
    "014": "icd10cm:E11.9",
    "015": "icd10cm:K74.60",
    "027": "icd10cm:J45.40",
    "041": "icd10cm:F11.20",
    "042": "icd10cm:F17.210",
    "121": "icd10cm:Z59.00",
    "155": "icd10cm:B20",
    "156": "icd10cm:C79.9",
    "157": "icd10cm:Z94.0",
    "178": "icd10cm:C95.90",
    "180": "icd10cm:C81.90",
    "186": "icd10cm:B20",
    "205": "icd10cm:D56.1",
    "216": "icd10cm:D84.821",
    "257": "icd10cm:E66.01",
}
NOT_COMPLETE, COMPLETE, NONE = "Not complete", "Complete", "Aged out"


def read_deck(folder: Path) -> list[dict[str, str]]:
    """The rows of every table of cases: those of healthy people first."""
    rows: list[dict[str, str]] = []
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        for name in sorted(one for one in archive.getnames() if one.endswith(".csv")):
            member = archive.extractfile(name)
            assert member is not None
            text = io.TextIOWrapper(member, encoding="utf-8")
            rows += [{**row, "table": Path(name).stem} for row in csv.DictReader(text)]
    return rows


def age_on(row: dict[str, str]) -> int:
    """Completed years on the day of assessment."""
    born, day = date.fromisoformat(row["DOB"]), date.fromisoformat(row["Assessment_Date"])
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def indications(row: dict[str, str]) -> list[str]:
    """The deck's codes of what makes a person more than healthy."""
    return [code for number in (1, 2, 3) if (code := row.get(f"Observation_Code_{number}"))]


def is_scored(row: dict[str, str]) -> bool:
    """An adult, healthy or with illnesses a record states, in a group the rules speak of."""
    if row["Vaccine_Group"] not in RULES or age_on(row) < ADULT:
        return False
    stated = indications(row)
    return row["table"].startswith("healthy") or (bool(stated) and all(code in RISKS for code in stated))


def as_case(row: dict[str, str]) -> Case:
    """The deck's case as a case of a rule."""
    sex = {"F": "female", "M": "male"}.get(row.get("gender") or "", "unknown")
    given = [
        {
            "status": "completed",
            "code": f"cvx:{row[f'CVX_{number}']}",
            "given": row[f"Date_Administered_{number}"],
        }
        for number in range(1, 8)
        if row[f"Date_Administered_{number}"]
    ]
    # The deck states the whole history, so one is on file also where it is empty: the rules need not ask first.
    asked = {"status": "completed", "code": "work:call", "topic": "work:preventive-history"}
    ill = [{"clinical_status": "active", "code": RISKS[code]} for code in indications(row)]
    person = {"patient": {"birth": row["DOB"], "sex": sex}, "immunization": given}
    body = {"patients": {"p": {**person, "communication": [asked], "condition": ill}}, "expect": {}}
    return Case(row["CDC_Test_ID"], RULES[row["Vaccine_Group"]], date.fromisoformat(row["Assessment_Date"]), body, 1)


def told(answer: Answer | None, as_of: int) -> tuple[str, str]:
    """The rule's answer in the deck's words: status of the series, day the next dose is recommended from."""
    if answer is None:
        return NONE, ""
    if answer.status == "DUE" or (answer.status == "MET" and (answer.opens_on or 0) > as_of):
        return NOT_COMPLETE, date_of(answer.opens_on).isoformat() if answer.opens_on is not None else ""
    return (COMPLETE, "") if answer.status == "MET" else (answer.status, "")


def run(rows: list[dict[str, str]]) -> dict[str, tuple[str, str]]:
    """What the rules say of each case."""
    library = read_library(content_root())
    found: dict[str, tuple[str, str]] = {}
    by_query: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        query_id = library.rules[RULES[row["Vaccine_Group"]]].query_id
        by_query.setdefault(query_id, []).append(row)
    for query_id, of_query in by_query.items():
        checked = library.queries[query_id]
        book = Casebook(checked.query.path, tuple(as_case(row) for row in of_query), ())
        loaded = LoadedCases(checked.query, checked.shape, book, library.value_sets)
        loaded.house.set_calendar(*WHOLE_CALENDAR)  # cases of rules see only the days near them
        for group in loaded.groups:
            said = {
                (answer.patient_id, answer.rule_id): answer
                for answer in loaded.answers(checked.query, checked.shape, group)
            }
            for case in group.cases:
                found[case.name] = told(
                    said.get((loaded.writer.patient_id(case.name, "p"), case.rule_id)), group.as_of_day
                )
    return found


def score(rows: list[dict[str, str]]) -> dict[str, Any]:
    """Agreement by vaccine group, the misses, and what is not supported."""
    scored = [row for row in rows if is_scored(row)]
    found = run(scored)
    groups: dict[str, dict[str, Any]] = {}
    for row in scored:
        named = row["Vaccine_Group"] + ("" if row["table"].startswith("healthy") else ", at risk")
        group = groups.setdefault(named, {"cases": 0, "status": 0, "date": 0, "both": 0, "misses": []})
        expected = (row["Series_Status"].capitalize(), row["Recommended_Date"])
        got = found[row["CDC_Test_ID"]]
        same = [expected[0] == got[0], expected[1] == got[1]]
        group["cases"] += 1
        group["status"] += same[0]
        group["date"] += same[1]
        group["both"] += all(same)
        if not all(same):
            group["misses"].append({"case": row["CDC_Test_ID"], "expected": expected, "found": got})
    total = sum(one["cases"] for one in groups.values())
    left = Counter(
        f"{row['Vaccine_Group']}, {'adult' if age_on(row) >= ADULT else 'child'}"
        + ("" if row["table"].startswith("healthy") else ", underlying condition")
        for row in rows
        if not is_scored(row)
    )
    return {
        "groups": groups,
        "cases": total,
        "status": sum(one["status"] for one in groups.values()) / total,
        "date": sum(one["date"] for one in groups.values()) / total,
        "both": sum(one["both"] for one in groups.values()) / total,
        "not_supported": dict(sorted(left.items())),
    }


def main(arguments: list[str]) -> int:
    """Print the score; exit 2 when there is no deck."""
    parser = argparse.ArgumentParser(prog="python -m bench.cdsi", description="Score the vaccine rules.")
    parser.add_argument("deck", nargs="?", type=Path, default=SHARED)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--quick", action="store_true", help="the same: the deck is small")
    chosen = parser.parse_args(arguments)
    if not chosen.deck.is_dir():
        print(f"There is no deck at {chosen.deck.name}: name the folder of CDC's cases.", file=sys.stderr)
        return 2
    result = score(read_deck(chosen.deck))
    if chosen.json:
        print(json.dumps(result, indent=1))
        return 0
    for name, group in sorted(result["groups"].items()):
        right = ", ".join(f"{what} {group[what]}" for what in ("status", "date", "both"))
        print(f"{name:22} {group['cases']:3} cases: {right}")
        for miss in group["misses"] if chosen.misses else ():
            print(f"         {miss['case']}: expected {miss['expected']}, found {miss['found']}")
    shares = ", ".join(f"{what} {result[what]:.1%}" for what in ("status", "date", "both"))
    print(f"{'all':22} {result['cases']:3} cases: {shares}")
    left = result["not_supported"]
    print(f"not supported: {sum(left.values())} cases of {len(left)} kinds (--json lists them)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

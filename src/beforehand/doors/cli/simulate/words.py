"""The outcome of a simulation for people: a page of words and one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from beforehand.doors.cli.output import print_table

SHOWN = 8  # misses and false rows on the page; all of them with --json or --out
VERDICTS = {
    "look-alike": "only looked like one",
    "after it was settled": "came after it was settled",
    "nothing behind it": "nothing behind it",
}


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count:,} {what}s"


def _days(days: float | None) -> str:
    return "-" if days is None else f"{days:g}"


def tell(outcome: Mapping[str, Any]) -> None:
    """Print it."""
    _headline(outcome)
    _three_ways(outcome)
    _caseload(outcome["work"], outcome["settings"])
    _faults(outcome["by_fault"])
    _kinds(outcome["by_kind"])
    _study(outcome)
    click.echo(
        f"\nSeed {outcome['settings']['seed']}, {outcome['cpu_seconds']:,.0f} CPU-seconds. Everybody is invented."
    )


def _headline(outcome: Mapping[str, Any]) -> None:
    chosen, truth = outcome["settings"], outcome["truth"]
    click.echo(
        f"{chosen['patients']:,} people, {chosen['days']} days from {chosen['start']}, "
        f"{_count(chosen['coordinators'], 'coordinator')}, who can deal with up to "
        f"{_count(chosen['capacity'], 'row')} a day each (a row is a person)."
    )
    click.echo(
        f"{truth['bumps_counted']:,} things went wrong or would have, as the records could tell beforehand; "
        f"{truth['near_misses']:,} only looked so. "
        f"{truth['late_messages']} messages came late, {truth['duplicate_files']} files came twice."
    )
    for pause in outcome["silent_feeds"]:
        noticed = f"asked about on {pause['noticed_on']}" if pause["noticed_on"] else "nobody was asked about it"
        click.echo(f"{pause['source']} was silent from {pause['since']} to {pause['until']}: {noticed}.")
    click.echo()


def _three_ways(outcome: Mapping[str, Any]) -> None:
    dates, nothing = outcome["baselines"]["due_date_sort"], outcome["baselines"]["no_lookahead"]
    ways = {
        "Beforehand": outcome["beforehand"],
        f"due dates, {dates['window_days']} days ahead": dates,
        "no look-ahead": nothing,
    }
    print_table(
        ["", "found in time", "so when shown", "days of warning", "where allowed", "closed in time"],
        (
            (
                name, _percent(way["recall"]), _percent(way["precision"]), _days(way["lead_days_median"]),
                _days(way["lead_days_median_where_allowed"]), _percent(way["share_closed_in_time"]),
            )
            for name, way in ways.items()
        ),
    )  # fmt: skip
    ours = outcome["beforehand"]
    late = ours["by_verdict"].get("late news", 0)
    wrong = sum(count for verdict, count in ours["by_verdict"].items() if verdict not in ("right", "late news"))
    click.echo(
        f"Of {_count(ours['needs'], 'need')} that came onto the list {ours['right']:,} were so, {wrong} were not."
    )
    if late:
        click.echo(
            f"{late} more stood there because what answers them was still on its way (a silent source, a late "
            f"message): left out of “so when shown”, which with them is {_percent(ours['precision_with_late_news'])}."
        )
    click.echo()


def _caseload(work: Mapping[str, Any], chosen: Mapping[str, Any]) -> None:
    click.echo(
        f"The caseload: {work['patients_a_coordinator']:g} people a coordinator. On a working day "
        f"{work['rows_to_do_a_coordinator_day']:g} of them needed something "
        f"({work['pressing_rows_a_coordinator_day']:g} this week or sooner; "
        f"{work['busiest_day_rows_a_coordinator']:g} on the busiest day), and "
        f"{work['new_needs_a_coordinator_day']:g} new needs came."
    )
    days, left = work["working_days"], work["days_with_rows_left"]
    click.echo(
        f"Everybody who needed something was dealt with on {days - left} of {_count(days, 'working day')}."
        + (" On the others the least urgent had to wait." if left else "")
    )
    click.echo()


def _faults(by_fault: Mapping[str, Any]) -> None:
    print_table(
        ["what the simulation breaks", "things going wrong", "found in time", "closed in time", "look-alikes",
         "of them shown"],
        (
            (
                name.replace("_", " "), one["bumps"], _percent(one["recall"]), _percent(one["share_closed_in_time"]),
                one["near_misses"], one["near_misses_fooled"],
            )
            for name, one in by_fault.items()
        ),
    )  # fmt: skip
    click.echo()


def _kinds(by_kind: Mapping[str, Any]) -> None:
    print_table(
        ["what goes wrong", "how often", "found in time", "days of warning", "closed in time", "look-alikes",
         "of them shown"],
        (
            (
                kind.replace("_", " "), one["bumps"], _percent(one["recall"]), _days(one["lead_days_median"]),
                _percent(one["share_closed_in_time"]), one["near_misses"], one["near_misses_fooled"],
            )
            for kind, one in by_kind.items()
        ),
    )  # fmt: skip


def _study(outcome: Mapping[str, Any]) -> None:
    misses, false = outcome["misses"], outcome["false_rows"]
    if misses:
        click.echo(f"\nNot on the list in time (first {min(SHOWN, len(misses))}):")
        for miss in misses[:SHOWN]:
            click.echo(f"  {miss['kind']}: {miss['words']}; known {miss['known_on']}, struck {miss['strikes']}")
    if false:
        click.echo("\nOn the list without cause, by rule, with the first need of each:")
        firsts = {row["rule"]: row for row in reversed(false)}
        for rule, count in list(outcome["false_by_rule"].items())[:SHOWN]:
            row = firsts[rule]
            click.echo(f"  {count:>4}  {rule}: {VERDICTS[row['verdict']]}. {row['day']}: {row['words'][:150]}")

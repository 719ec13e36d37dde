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
    _kinds(outcome["by_kind"])
    _study(outcome)
    click.echo(
        f"\nSeed {outcome['settings']['seed']}, {outcome['cpu_seconds']:,.0f} CPU-seconds. Everybody is invented."
    )


def _headline(outcome: Mapping[str, Any]) -> None:
    chosen, truth = outcome["settings"], outcome["truth"]
    click.echo(
        f"{chosen['patients']:,} people, {chosen['days']} days from {chosen['start']}, "
        f"{_count(chosen['coordinators'], 'coordinator')}, up to {_count(chosen['capacity'], 'row')} a day each."
    )
    click.echo(
        f"{truth['bumps_counted']:,} bumps struck or would have, and {truth['near_misses']:,} things only looked so. "
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
    late = outcome["beforehand"]["by_verdict"].get("late news", 0)
    if late:
        click.echo(f"{late} rows stood on news that was still on its way; they are left out of “so when shown”.")
    click.echo()


def _caseload(work: Mapping[str, Any], chosen: Mapping[str, Any]) -> None:
    click.echo(
        f"With {work['patients_a_coordinator']:g} people a coordinator: {work['rows_to_do_a_coordinator_day']:g} rows "
        f"to do a day ({work['pressing_rows_a_coordinator_day']:g} pressing; "
        f"{work['busiest_day_rows_a_coordinator']:g} on the busiest day), "
        f"{work['rows_worked_a_coordinator_day']:g} worked of at most {chosen['capacity']}; "
        f"{work['new_needs_a_coordinator_day']:g} new needs a day."
    )
    click.echo()


def _kinds(by_kind: Mapping[str, Any]) -> None:
    print_table(
        ["kind", "bumps", "found", "days of warning", "closed in time", "look-alikes", "of them shown"],
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
        click.echo("\nOn the list without cause, by rule, with the first of each:")
        firsts = {row["rule"]: row for row in reversed(false)}
        for rule, count in list(outcome["false_by_rule"].items())[:SHOWN]:
            row = firsts[rule]
            click.echo(f"  {count:>4}  {rule}: {VERDICTS[row['verdict']]}. {row['day']}: {row['words'][:150]}")

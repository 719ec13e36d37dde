"""The process in which a simulation runs: it has a home of its own, named by ``BEFOREHAND_HOME``."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import orjson

from beforehand.doors.cli.main import set_up

set_up()


from beforehand.doors.cli.output import Progress  # noqa: E402 - Django is loaded one line above
from beforehand.doors.cli.simulate.house import open_house  # noqa: E402
from beforehand.doors.cli.simulate.run import Settings, simulate  # noqa: E402
from beforehand.lookahead.library import UnknownRuleError, held_still  # noqa: E402


def make(chosen: str, told: Path, out: Path | None) -> None:
    """Run it; leave the outcome in ``told`` and, if asked, what was true beside it in ``out``."""
    given = json.loads(chosen)
    chose = Settings(**{**given, "start": date.fromisoformat(given["start"]), "without": tuple(given["without"])})
    if sys.stderr.isatty():
        print("Making a home for the simulation and checking the rules ...", file=sys.stderr, flush=True)
    open_house()
    try:
        with held_still(chose.without), Progress("simulating", " days", total=chose.days) as bar:
            outcome, truth = simulate(chose, progress=bar.advance)
    except UnknownRuleError as error:
        sys.exit(f"{error}; `beforehand rules list` shows them")
    told.write_bytes(orjson.dumps(outcome))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "outcome.json").write_bytes(orjson.dumps(outcome, option=orjson.OPT_INDENT_2))
        with (out / "truth.ndjson").open("wb") as lines:
            lines.writelines(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in truth)


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)

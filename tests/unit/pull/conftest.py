import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beforehand.care.needs import arrivals
from beforehand.doors.pull.run import Outcome, run_pull
from beforehand.intake.models import PullSource
from beforehand.intake.pull_sources import Wish, add_pull
from beforehand.record.access import system_principal
from tests.unit.pull.fhir_server import FakeClock, FhirServer, invented, serving


class Post:
    """A home that asks one server, at a time that passes only by waiting."""

    def __init__(self, server: FhirServer, clock: FakeClock, home: Path) -> None:
        self.home = home
        self.server = server
        self.clock = clock
        self._names = itertools.count()

    def asks(self, kind: str = "BULK", **more: Any) -> PullSource:
        """Register the server."""
        name = f"st-brigid-{next(self._names)}"
        wish = Wish(name, kind, f"{self.server.base}/fhir", **{"authorisation": "NONE", "per_second": 1000.0, **more})
        return add_pull(wish=wish, by=system_principal("operator"))

    def run(self, pull: PullSource, **more: Any) -> Outcome:
        return run_pull(pull, clock=self.clock, **{"part": 700, **more})


@pytest.fixture
def post(db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    monkeypatch.setattr(arrivals, "settle_patients", lambda *_, **__: 0)  # what rules find is shown elsewhere
    settings.HOME, settings.BLOBS = tmp_path, tmp_path / "blobs"
    clock = FakeClock()
    with serving(FhirServer(invented(), clock)) as server:
        yield Post(server, clock, tmp_path)

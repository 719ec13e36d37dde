"""kill -9 while an export is fetched loses nothing and takes nothing in twice.

A hundred kills: ``python -m bench.pull_kills``. Deaths at any statement, with controls: tests/unit/pull.
"""

import pytest
from bench.pull_kills import OBSERVATIONS, PEOPLE, Trial, difference

from beforehand.doors.pull.clock import Clock
from tests.unit.pull.fhir_server import FhirServer, invented, serving


def test_fetch_killed_in_the_middle_of_a_download_ends_as_if_never_killed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with serving(FhirServer(invented(PEOPLE, OBSERVATIONS), Clock())) as server:
        trial = Trial(tmp_path_factory.mktemp("pull"), server)
        assert trial.undisturbed["counted"]["received"] == PEOPLE + PEOPLE * OBSERVATIONS
        home = trial.home()
        assert trial.child(home, "--run", cut_after=0.6) is None
        ended = trial.child(home, "--run")
        assert ended is not None
        assert difference(trial.undisturbed, ended) == []
        assert len(server.visits("/fhir/$export")) == 2, "one for each home: the killed one went on"
        assert "range" in server.visits("/files/Observation")[-1].headers

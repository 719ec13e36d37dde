"""kill -9 during ingest loses nothing and doubles nothing (promise 1); without its guards it would.

Fifty kills: ``python bench/kill_ingest.py``.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from bench.kill_ingest import Trial, difference, run_kills


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial(tmp_path_factory.mktemp("kill"), people=9, observations=40)


def test_killed_ingest_run_again_ends_as_if_never_killed(trial: Trial) -> None:
    assert run_kills(trial, kills=6, seed=20261122) == []


def test_control_applying_without_a_transaction_is_found_out(trial: Trial) -> None:
    undisturbed_home = trial.home()
    trial.ingest(undisturbed_home)
    undisturbed = trial.state(undisturbed_home)
    trouble: list[str] = []
    for die_at in (60, 75, 90):
        home = trial.home()
        assert trial.ingest(home, without="transaction", die_at=die_at) is None
        try:
            trial.ingest(home)
        except RuntimeError:
            trouble.append("the second run stumbles over what the first left behind")
            continue
        trouble += difference(undisturbed, trial.state(home))
    assert trouble


def test_control_acknowledging_before_the_bytes_are_kept_is_found_out(trial: Trial) -> None:
    home = trial.home()
    assert trial.ingest(home, without="keeping", die_at=60) is None
    breaches = trial.state(home)["breaches"]
    assert any("bytes as received are gone" in str(breach) for breach in breaches)  # type: ignore[attr-defined]


def test_two_ingests_at_once_apply_everything_once(trial: Trial) -> None:
    alone, together = trial.home(), trial.home()
    trial.ingest(alone)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: trial.ingest(together), range(2)))
    assert difference(trial.state(alone), trial.state(together)) == []

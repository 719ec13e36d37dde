"""kill -9 during ingest loses nothing and doubles nothing (promise 1); without its guards it would.

Fifty kills: ``python bench/kill_ingest.py``.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bench._mllp import Homes
from bench.kill_ingest import Trial, difference, run_kills
from bench.mllp_kills import compare, undisturbed
from bench.mllp_kills import run_kills as run_listener_kills


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


# The listener: messages over MLLP. A thousand kills: ``python -m bench.mllp_kills``; of PostgreSQL: ``mllp_crashes``.


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    return Homes(tmp_path_factory.mktemp("listener"), topic="transitions")


def killed(homes: Homes, kills: int, without: str = "", repeats: float = 0.05) -> Any:
    """Kill so often; what it did, the senders, and what stands in the home."""
    with homes.home(f"killed{without}") as home:
        return run_listener_kills(
            home, kills, senders=3, seed=20261123, without=without, repeats=repeats, births=3, life=(0.0, 0.03)
        )


def test_killing_listener_and_worker_under_load_loses_and_doubles_nothing(homes: Homes) -> None:
    toll, sent, found = killed(homes, kills=60)
    with homes.home("calm") as home:
        calm = undisturbed(home, [one.done for one in sent])
    compare(toll, sent, calm, found)
    assert toll.kills >= 60
    assert (toll.lost, toll.doubled, toll.differences) == (0, 0, [])
    assert toll.answered >= 10


def test_control_answering_before_keeping_loses_messages(homes: Homes) -> None:
    toll, sent, found = killed(homes, kills=40, without="order")
    assert compare(toll, sent, found, found).lost > 0


def test_control_forgetting_what_was_answered_doubles_messages(homes: Homes) -> None:
    toll, sent, found = killed(homes, kills=6, without="number", repeats=0.9)
    assert compare(toll, sent, found, found).differences

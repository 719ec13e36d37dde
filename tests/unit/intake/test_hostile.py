"""Whatever is sent, each item is applied or set aside with a reason; nothing stops the rest and nothing is lost."""

import random
from typing import Any

import orjson
import pytest

from beforehand.intake.quarantine import check_balance
from tests.unit.intake.bundles import bundle, condition, observation, patient
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db
STRANGE: list[Any] = [
    None, "", " ", 0, -1, 2**63, 2**70, 1e400, True, [], {}, [[]], [None], {"a": None}, "x" * 1000, "\x00", "\ud7ff",
    "Patient/", "urn:uuid:", "#", "?identifier=", "Patient?identifier=|", "9999-99-99", "0000", "1e9", "../../etc",
    {"reference": 7}, {"reference": "Patient/ann/_history/"}, {"identifier": {"value": 1}}, {"coding": {}},
    {"coding": [None]}, {"coding": [[]]}, {"coding": [{"code": []}]}, [{"system": {}, "value": {}}],
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a structure."""
    found = [path] if path else []
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        found += places(child, (*path, key))
    return found


def put(value: Any, path: tuple[Any, ...], strange: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    if strange == "remove":
        del value[path[-1]]
    else:
        value[path[-1]] = strange


@pytest.mark.parametrize("seed", range(8))
def test_strange_values_in_any_place_never_stop_the_rest(seed: int) -> None:
    chance = random.Random(seed)
    replaces = {"other": {"reference": "Patient/x"}, "type": "replaces"}
    answers = {
        "performer": [{"reference": "Practitioner?identifier=a|b"}],
        "identifier": [{"system": "a", "value": "b"}],
    }
    tells = {
        "resourceType": "Provenance",
        "id": "p",
        "target": [{"reference": "Condition/dm"}],
        "recorded": "2026-01-01",
    }
    whole = orjson.loads(
        bundle(
            patient(telecom=[{"system": "phone", "value": "1"}], link=[replaces]),
            observation(**answers),
            condition(meta={"lastUpdated": "2026-01-01T00:00:00Z"}),
            tells,
        )
    )
    for number in range(40):
        changed = orjson.loads(orjson.dumps(whole))
        for _ in range(chance.choice((1, 1, 2))):
            put(changed, chance.choice(places(changed)), chance.choice([*STRANGE, "remove"]))
        try:
            content = orjson.dumps(changed)
        except TypeError:
            continue
        applied = receive(content, source=f"fuzz{seed}-{number % 5}")
        assert applied.counts.balances
    assert check_balance() == []

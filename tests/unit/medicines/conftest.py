import pytest

from tests.unit.medicines.world import APIXABAN, METOPROLOL_25, METOPROLOL_50, House, ann, fill, order, word


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No look-ahead: these tests are about lists; ``test_rules_see_it`` lets it run."""
    for module in ("care.medicines.signing", "care.needs.arrivals"):
        monkeypatch.setattr(f"beforehand.{module}.settle_patients", lambda *_, **__: 0)


@pytest.fixture
def house(db: None, quiet: None) -> House:
    made = House()
    made.bring(
        "hospital", ann(), order("apixaban", APIXABAN), order("small", METOPROLOL_25, authored=-60),
        order("large", METOPROLOL_50, authored=-5), word("by-clinic", APIXABAN, by_patient=False, said=-3),
    )  # fmt: skip
    made.bring("pharmacy", ann(), fill("fill", APIXABAN), fill("older", APIXABAN, filled=-60))
    made.bring("portal", ann(), word("said", METOPROLOL_25))
    return made

import pytest

from tests.unit.needs.house import House, plain_words


@pytest.fixture
def house(db: None, monkeypatch: pytest.MonkeyPatch) -> House:
    plain_words(monkeypatch)
    return House()

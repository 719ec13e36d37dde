"""Every test run has a home of its own (``tests.settings``); the database is SQLite unless DATABASE_URL says otherwise.

A test that never asks for the database is the same on any database, and so is what a browser sees: both are marked
``one_database`` here, so that the second run, on PostgreSQL, repeats only what could differ.
"""

from pathlib import Path

import pytest

ON_ONE_DATABASE = {"journeys", "demo", "test_matrix.py"}  # who may see whom is also in test_relations.py
ON_BOTH = {"backup", "test_engines_agree.py"}  # they open the server of DATABASE_URL themselves


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        asks = item.get_closest_marker("django_db") is not None or fixtures & {"db", "transactional_db", "live_server"}
        parts = set(Path(item.path).relative_to(Path(__file__).parent).parts)
        if not parts & ON_BOTH and (not asks or parts & ON_ONE_DATABASE):
            item.add_marker(pytest.mark.one_database)

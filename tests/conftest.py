"""Every test run has a home of its own; the database is SQLite unless DATABASE_URL says otherwise."""

import os
import tempfile

_home = tempfile.mkdtemp(prefix="beforehand-test-")
os.environ["BEFOREHAND_HOME"] = _home
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the browser tests drive an event loop beside Django

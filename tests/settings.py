"""The product's settings in a home of the test run's own. The home must be chosen before they are first read,
which is before any conftest is."""

import os
import tempfile

os.environ["BEFOREHAND_HOME"] = tempfile.mkdtemp(prefix="beforehand-test-")
os.environ["BEFOREHAND_LIVE_SECONDS"] = "0"  # a page that asks by itself would meet the test in the database
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the browser tests drive an event loop beside Django

from beforehand.config.settings import *  # noqa: F403

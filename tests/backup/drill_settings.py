"""The product's settings with tables made from the models, as everywhere in the tests."""

from beforehand.config.settings import *  # noqa: F403
from beforehand.config.settings import INSTALLED_APPS

MIGRATION_MODULES = dict.fromkeys(app.rsplit(".", 1)[-1] for app in INSTALLED_APPS)

"""Every test run has a home of its own (``tests.settings``); the database is SQLite unless DATABASE_URL says otherwise."""

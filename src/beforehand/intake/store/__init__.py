"""Where intake sends SQL: identities, rows of facts, outcomes of items, and what waits."""

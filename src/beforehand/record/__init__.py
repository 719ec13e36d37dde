"""The one record: people and identity, facts, provenance, reconciliation, access, consent, audit."""

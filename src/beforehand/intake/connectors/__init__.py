"""One folder a format: bytes to FHIR. No Django here."""

"""FHIR R4 in JSON, in every usual wrapping."""

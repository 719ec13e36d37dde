"""The door that fetches: FHIR bulk exports and FHIR searches of other servers. A transport that knows no format."""

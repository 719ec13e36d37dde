"""The words: clinical tables, codes, value sets, calendar, drugs and FHIR R4 <-> rows. No Django here."""

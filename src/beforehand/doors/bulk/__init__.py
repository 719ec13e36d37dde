"""The door for millions: a folder of exported FHIR becomes columns for the sweep, without the database of rows.

The mapping is the one every other door uses. Numbers of resources and concepts are digests of what they stand for,
so that any number of processes give the same number without asking each other. Nothing is kept of the bytes: who
wants one record, versions, provenance and a worklist ingests.
"""

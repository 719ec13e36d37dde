"""Tables of the record. One module a subject; fact tables are made from ``clinical.tables``."""

from beforehand.record.models.audit import AuditEvent, AuditPatient, AuditSeal
from beforehand.record.models.codes import Concept, ConceptCoding, ValueSet, ValueSetCode, ValueSetMember
from beforehand.record.models.facts import FACT_MODELS, REFERENCE_MODELS
from beforehand.record.models.knowledge import KNOWLEDGE_MODELS, KnowledgeLoad
from beforehand.record.models.people import (
    LinkDecision,
    MatchKey,
    Patient,
    PersonContact,
    PersonIdentifier,
    PersonName,
    PersonRecord,
    PossibleMatch,
    UnlinkedStatement,
)
from beforehand.record.models.provenance import DirtyPatient, Item, Message, Resource, Source, SourceTrust
from beforehand.record.models.work import BreakGlass, Enrolment, HouseSetting, Programme, Team, TeamMember, User

__all__ = [
    "FACT_MODELS",
    "KNOWLEDGE_MODELS",
    "REFERENCE_MODELS",
    "AuditEvent",
    "AuditPatient",
    "AuditSeal",
    "BreakGlass",
    "Concept",
    "ConceptCoding",
    "DirtyPatient",
    "Enrolment",
    "HouseSetting",
    "Item",
    "KnowledgeLoad",
    "LinkDecision",
    "MatchKey",
    "Message",
    "Patient",
    "PersonContact",
    "PersonIdentifier",
    "PersonName",
    "PersonRecord",
    "PossibleMatch",
    "Programme",
    "Resource",
    "Source",
    "SourceTrust",
    "Team",
    "TeamMember",
    "UnlinkedStatement",
    "User",
    "ValueSet",
    "ValueSetCode",
    "ValueSetMember",
]

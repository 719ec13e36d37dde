"""The names of code systems and of HL7's tables: object identifier (CDA), mnemonic (HL7 v2), address (FHIR).

One table for every reader. ``codes`` makes tokens of it; the connectors ask ``uri_of_oid`` and ``uri_of_mnemonic``
to write FHIR, and ``uri_of_namespace`` for the systems of identifiers.
"""

from __future__ import annotations

import re

# Token, the address we write, and every other name it comes under.
SYSTEMS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("loinc", "http://loinc.org", ("2.16.840.1.113883.6.1",)),
    (
        "snomed",
        "http://snomed.info/sct",
        ("2.16.840.1.113883.6.96", "http://snomed.info/id", "http://snomed.info/sct/731000124108"),
    ),
    ("icd10cm", "http://hl7.org/fhir/sid/icd-10-cm", ("2.16.840.1.113883.6.90",)),
    ("icd10", "http://hl7.org/fhir/sid/icd-10", ("2.16.840.1.113883.6.3",)),
    (
        "icd10pcs",
        "http://www.cms.gov/Medicare/Coding/ICD10",
        ("2.16.840.1.113883.6.4", "http://hl7.org/fhir/sid/icd-10-pcs"),
    ),
    (
        "icd9cm",
        "http://hl7.org/fhir/sid/icd-9-cm",
        (
            "2.16.840.1.113883.6.103",
            "http://hl7.org/fhir/sid/icd-9-cm/diagnosis",
            "http://terminology.hl7.org/CodeSystem/icd9cm",
        ),
    ),
    (
        "icd9pcs",
        "http://hl7.org/fhir/sid/icd-9-cm/procedure",
        ("2.16.840.1.113883.6.104", "http://www.cms.gov/Medicare/Coding/ICD9"),
    ),
    ("rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm", ("2.16.840.1.113883.6.88",)),
    ("ndc", "http://hl7.org/fhir/sid/ndc", ("2.16.840.1.113883.6.69",)),
    ("cvx", "http://hl7.org/fhir/sid/cvx", ("2.16.840.1.113883.12.292", "2.16.840.1.113883.6.59")),
    ("mvx", "http://hl7.org/fhir/sid/mvx", ("2.16.840.1.113883.12.227",)),
    ("cpt", "http://www.ama-assn.org/go/cpt", ("2.16.840.1.113883.6.12",)),
    ("cdt", "http://www.ada.org/cdt", ("2.16.840.1.113883.6.13", "http://ada.org/cdt")),
    (
        "hcpcs",
        "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        (
            "2.16.840.1.113883.6.285",
            "2.16.840.1.113883.6.14",
            "https://bluebutton.cms.gov/resources/codesystem/hcpcs",
            "http://www.nlm.nih.gov/research/umls/hcpcs",
            "https://www.cms.gov/Medicare/Coding/MedHCPCSGenInfo",
            "http://terminology.hl7.org/CodeSystem/HCPCS",
            "http://terminology.hl7.org/CodeSystem/HCPCS-all-codes",
        ),
    ),
    ("ucum", "http://unitsofmeasure.org", ("2.16.840.1.113883.6.8",)),
    ("unii", "http://fdasis.nlm.nih.gov", ("2.16.840.1.113883.4.9",)),
    ("ndfrt", "http://hl7.org/fhir/ndfrt", ("2.16.840.1.113883.3.26.1.5", "2.16.840.1.113883.6.209")),
    ("medrt", "http://va.gov/terminology/medrt", ("2.16.840.1.113883.6.345",)),
    (
        "ncit",
        "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
        ("2.16.840.1.113883.3.26.1.1", "http://ncimeta.nci.nih.gov"),
    ),
    ("atc", "http://www.whocc.no/atc", ("2.16.840.1.113883.6.73",)),
    ("nucc", "http://nucc.org/provider-taxonomy", ("2.16.840.1.113883.6.101",)),
    ("bcp47", "urn:ietf:bcp:47", ("urn:ietf:bcp:47".upper(), "2.16.840.1.113883.6.121", "urn:ietf:rfc:3066")),
    (
        "cdcrec",
        "urn:oid:2.16.840.1.113883.6.238",
        ("http://hl7.org/fhir/v3/Race", "http://terminology.hl7.org/CodeSystem/CDCREC"),
    ),
    ("dcm", "http://dicom.nema.org/resources/ontology/DCM", ("1.2.840.10008.2.16.4",)),
    ("radlex", "http://www.radlex.org", ("2.16.840.1.113883.6.256",)),
    ("hsloc", "https://www.cdc.gov/nhsn/cdaportal/terminology/codesystem/hsloc.html", ("2.16.840.1.113883.6.259",)),
    (
        "pos",
        "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set",
        ("2.16.840.1.113883.6.50",),
    ),
    ("soc", "urn:oid:2.16.840.1.113883.6.243", ()),
    ("work", "https://beforehand.example/fhir/CodeSystem/work", ()),
)

# HL7 v2 and v3 systems named by object identifier (C-CDA) or by the addresses of older FHIR releases.
HL7_OIDS: dict[str, str] = {
    "2.16.840.1.113883.5.1": "v3-AdministrativeGender",
    "2.16.840.1.113883.5.2": "v3-MaritalStatus",
    "2.16.840.1.113883.5.4": "v3-ActCode",
    "2.16.840.1.113883.5.6": "v3-ActClass",
    "2.16.840.1.113883.5.8": "v3-ActReason",
    "2.16.840.1.113883.5.14": "v3-ActStatus",
    "2.16.840.1.113883.5.25": "v3-Confidentiality",
    "2.16.840.1.113883.5.83": "v3-ObservationInterpretation",
    "2.16.840.1.113883.5.88": "v3-ParticipationFunction",
    "2.16.840.1.113883.5.90": "v3-ParticipationType",
    "2.16.840.1.113883.5.110": "v3-RoleClass",
    "2.16.840.1.113883.5.111": "v3-RoleCode",
    "2.16.840.1.113883.5.112": "v3-RouteOfAdministration",
    "2.16.840.1.113883.5.1008": "v3-NullFlavor",
    "2.16.840.1.113883.5.1076": "v3-ReligiousAffiliation",
    "2.16.840.1.113883.5.7": "v3-ActPriority",
    "2.16.840.1.113883.5.19": "v3-RoleStatus",
    "2.16.840.1.113883.5.43": "v3-EntityNamePartQualifier",
    "2.16.840.1.113883.5.45": "v3-EntityNameUse",
    "2.16.840.1.113883.5.48": "v3-EntityStatus",
    "2.16.840.1.113883.5.60": "v3-LanguageAbilityMode",
    "2.16.840.1.113883.5.61": "v3-LanguageAbilityProficiency",
    "2.16.840.1.113883.5.79": "v3-mediaType",
    "2.16.840.1.113883.5.84": "v3-ObservationMethod",
    "2.16.840.1.113883.5.85": "v3-orderableDrugForm",
    "2.16.840.1.113883.5.89": "v3-ParticipationMode",
    "2.16.840.1.113883.5.129": "v3-SpecimenType",
    "2.16.840.1.113883.5.139": "v3-TimingEvent",
    "2.16.840.1.113883.5.1001": "v3-ActMood",
    "2.16.840.1.113883.5.1002": "v3-ActRelationshipType",
    "2.16.840.1.113883.5.1052": "v3-ActSite",
    "2.16.840.1.113883.5.1063": "v3-ObservationValue",
    "2.16.840.1.113883.5.1119": "v3-AddressUse",
    "2.16.840.1.113883.5.1150": "v3-ActUSPrivacyLaw",
    "2.16.840.1.113883.12.112": "v2-0112",
    "2.16.840.1.113883.12.78": "v2-0078",
    "2.16.840.1.113883.12.131": "v2-0131",
    "2.16.840.1.113883.18.108": "v2-0203",
    "2.16.840.1.113883.4.642.3.155": "condition-ver-status",
}

# What HL7 v2 (table 0396 and its habits) calls a system in a coded field, folded to capitals.
MNEMONICS: dict[str, str] = {
    "LN": "loinc", "LOINC": "loinc",
    "SCT": "snomed", "SNM": "snomed", "SNOMED": "snomed", "SNOMED-CT": "snomed", "SNOMEDCT": "snomed",
    "SCTUS": "snomed",
    "I10": "icd10", "I10C": "icd10cm", "ICD10CM": "icd10cm", "ICD-10-CM": "icd10cm", "I10P": "icd10pcs",
    "ICD10PCS": "icd10pcs", "ICD-10-PCS": "icd10pcs",
    "I9": "icd9cm", "I9C": "icd9cm", "I9CDX": "icd9cm", "ICD9": "icd9cm", "ICD-9-CM": "icd9cm", "I9CP": "icd9pcs",
    "RXNORM": "rxnorm", "RXN": "rxnorm", "RXCUI": "rxnorm",
    "NDC": "ndc", "CVX": "cvx", "MVX": "mvx", "UCUM": "ucum", "UNII": "unii", "ATC": "atc",
    "C4": "cpt", "CPT": "cpt", "CPT4": "cpt", "CPT-4": "cpt", "HCPCS": "hcpcs", "HCPC": "hcpcs", "HCPCSII": "hcpcs",
    "CD2": "cdt", "CDT": "cdt", "CDCREC": "cdcrec", "NUCC": "nucc", "NDFRT": "ndfrt", "MEDRT": "medrt",
    "DCM": "dcm", "RADLEX": "radlex", "HSLOC": "hsloc", "NCIT": "ncit", "NCI": "ncit", "SOC": "soc",
}  # fmt: skip

# Systems of identifiers that FHIR gives an address to.
NAMESPACES: dict[str, str] = {
    "2.16.840.1.113883.4.1": "http://hl7.org/fhir/sid/us-ssn",
    "2.16.840.1.113883.4.2": "urn:oid:2.16.840.1.113883.4.2",
    "2.16.840.1.113883.4.4": "urn:oid:2.16.840.1.113883.4.4",
    "2.16.840.1.113883.4.6": "http://hl7.org/fhir/sid/us-npi",
    "2.16.840.1.113883.4.572": "http://hl7.org/fhir/sid/us-medicare",
    "2.16.840.1.113883.4.927": "http://hl7.org/fhir/sid/us-mbi",
    "2.16.840.1.113883.6.300": "urn:oid:2.16.840.1.113883.6.300",
}

_TOKEN_OF_OID: dict[str, str] = {
    name: token for token, uri, names in SYSTEMS for name in names if name[:1].isdigit()
} | {oid: f"hl7:{name}" for oid, name in HL7_OIDS.items()}
_URI_OF_TOKEN: dict[str, str] = {token: uri for token, uri, _ in SYSTEMS}
_HL7 = "http://terminology.hl7.org/CodeSystem/"
_V2_OID = re.compile(r"2\.16\.840\.1\.113883\.12\.([0-9]{1,4})")
_V2_TABLE = re.compile(r"(?:HL7|HL70|V2-)?-?([0-9]{3,4})")
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _uri(token: str) -> str:
    return _HL7 + token[4:] if token.startswith("hl7:") else _URI_OF_TOKEN[token]


def uri_of_oid(oid: str) -> str:
    """The address FHIR gives to the code system of this object identifier; ``urn:oid:`` where it gives none."""
    if (token := _TOKEN_OF_OID.get(oid)) is not None:
        return _uri(token)
    if table := _V2_OID.fullmatch(oid):
        return f"{_HL7}v2-{int(table[1]):04}"
    return uri_of_root(oid)


def uri_of_mnemonic(name: str) -> str | None:
    """The address of the system that HL7 v2 calls so, such as LN or HL70078; None where it is local or unknown."""
    folded = name.strip().upper()
    if (token := MNEMONICS.get(folded)) is not None:
        return _uri(token)
    table = _V2_TABLE.fullmatch(folded)
    return f"{_HL7}v2-{int(table[1]):04}" if table and folded.startswith(("HL7", "V2-", "0")) else None


def uri_of_namespace(oid: str) -> str:
    """The address of a system of identifiers, such as social security numbers."""
    return NAMESPACES.get(oid) or uri_of_root(oid)


def uri_of_root(root: str) -> str:
    """An object identifier or UUID as an address; whatever else was sent as it is."""
    if _OID.fullmatch(root):
        return f"urn:oid:{root}"
    return f"urn:uuid:{root.lower()}" if _UUID.fullmatch(root) else root

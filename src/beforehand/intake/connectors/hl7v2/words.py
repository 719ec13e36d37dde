"""HL7 v2's table codes in FHIR's words. Where FHIR has no word the code stays with its table."""

from __future__ import annotations

GENDER = {"M": "male", "F": "female", "O": "other", "A": "other", "N": "other", "U": "unknown"}
NAME_USE = {
    "L": "official", "R": "official", "D": "usual", "M": "maiden", "N": "nickname", "S": "anonymous", "NB": "temp",
    "TEMP": "temp", "BAD": "old",
}  # fmt: skip
ADDRESS_USE = {
    "H": "home",
    "P": "home",
    "L": "home",
    "B": "work",
    "O": "work",
    "C": "temp",
    "BA": "old",
    "BI": "billing",
}
TELECOM_USE = {"PRN": "home", "WPN": "work", "ORN": "home", "VHN": "home", "EMR": "home", "BPN": "work"}
TELECOM_KIND = {"PH": "phone", "CP": "phone", "SAT": "phone", "FX": "fax", "BP": "pager", "INTERNET": "email",
                "X.400": "email", "TDD": "other", "TTY": "other", "MD": "other"}  # fmt: skip

# Table 0004 in HL7's v3 ActCode, and words that senders use beside it.
ENCOUNTER_CLASS = {
    "E": "EMER", "I": "IMP", "O": "AMB", "P": "PRENC", "R": "AMB", "B": "IMP", "EMER": "EMER", "ER": "EMER",
    "ED": "EMER",
    "INP": "IMP", "IP": "IMP", "INPATIENT": "IMP", "OUT": "AMB", "OP": "AMB", "OUTPATIENT": "AMB", "AMB": "AMB",
    "OBS": "OBSENC", "OBSV": "OBSENC", "OBSERVATION": "OBSENC", "H": "HH", "HH": "HH", "V": "VR", "VR": "VR",
    "IMP": "IMP", "ACUTE": "ACUTE", "NONAC": "NONAC", "OBSENC": "OBSENC", "SS": "SS", "PRENC": "PRENC",
}  # fmt: skip
# Table 0112 (discharge disposition, as UB-04 numbers it) in the words that FHIR publishes.
DISPOSITION = {
    "01": "home", "02": "other-hcf", "03": "snf", "04": "long", "05": "other-hcf", "06": "home", "07": "aadvice",
    "08": "home", "09": "other-hcf", "20": "exp", "40": "exp", "41": "exp", "42": "exp", "43": "other-hcf",
    "50": "hosp",
    "51": "hosp", "61": "snf", "62": "rehab", "63": "long", "64": "long", "65": "psy", "66": "other-hcf",
    "70": "other-hcf", "81": "home", "82": "other-hcf", "83": "snf", "84": "long", "86": "home", "90": "rehab",
    "91": "long", "92": "long", "93": "psy",
}  # fmt: skip

# What a trigger leaves a visit in. None: the message only updates, so it says nothing of how the visit stands.
ENCOUNTER_STATUS: dict[str, str | None] = {
    "A01": "in-progress", "A02": "in-progress", "A03": "finished", "A04": "in-progress", "A05": "planned",
    "A06": "in-progress", "A07": "in-progress", "A09": None, "A10": "arrived", "A11": "cancelled",
    "A12": "in-progress", "A13": "in-progress", "A14": "planned", "A15": None, "A16": None, "A21": "onleave",
    "A22": "in-progress", "A23": "entered-in-error", "A25": None, "A26": None, "A27": "cancelled", "A32": None,
    "A33": None, "A38": "cancelled", "A52": "in-progress", "A53": "onleave",
}  # fmt: skip

# Table 0085: how the result of one OBX stands.
RESULT_STATUS = {
    "F": "final", "P": "preliminary", "C": "corrected", "R": "preliminary", "S": "preliminary", "I": "registered",
    "D": "entered-in-error", "W": "entered-in-error", "X": "cancelled", "N": "cancelled", "O": "registered",
    "U": "final", "V": "final", "A": "amended", "B": "amended",
}  # fmt: skip
# Table 0123: how the report of one OBR stands, as a report, as results, and as the order that asked for it.
REPORT_STATUS = {
    "F": "final", "C": "corrected", "P": "preliminary", "R": "preliminary", "A": "partial", "I": "registered",
    "S": "registered", "O": "registered", "X": "cancelled", "M": "corrected", "N": "unknown", "Y": "unknown",
    "Z": "unknown",
}  # fmt: skip
ORDER_OF_REPORT = {
    "F": "completed", "C": "completed", "M": "completed", "P": "active", "R": "active", "A": "active", "I": "active",
    "S": "active", "O": "active", "X": "revoked",
}  # fmt: skip
RESULT_OF_REPORT = REPORT_STATUS | {"A": "preliminary", "M": "corrected"}
# LOINC codes of FHIR's vital signs profile.
_VITAL_SIGNS = """
85353-1 9279-1 8867-4 2708-6 59408-5 8310-5 8302-2 9843-4 29463-7 39156-5 85354-9 8480-6 8462-4 8287-5 8289-1
"""
VITAL_SIGNS = frozenset(_VITAL_SIGNS.split())
IMAGING = frozenset(("RAD", "CT", "CTH", "RUS", "NMR", "MRI", "NMS", "XRC", "OUS", "VUS"))

# Table 0119, order control, where it says by itself how the order now stands.
ORDER_CONTROL = {
    "NW": "active", "SN": "active", "XO": "active", "XX": "active", "RO": "active", "CH": "active", "PA": "active",
    "OK": "active", "NA": "active", "RL": "active", "RF": "active", "AF": "active", "FU": "active", "XR": "active",
    "OE": "active", "OR": "active", "LI": "active", "CA": "revoked", "OC": "revoked", "CR": "revoked", "DC": "revoked",
    "OD": "revoked", "DR": "revoked", "RP": "revoked", "RU": "revoked", "RQ": "revoked", "UA": "revoked",
    "DF": "revoked",
    "DE": "entered-in-error", "HD": "on-hold", "OH": "on-hold", "HR": "on-hold",
}  # fmt: skip
# Table 0038, order status.
ORDER_STATUS = {
    "A": "active", "IP": "active", "SC": "active", "CM": "completed", "CA": "revoked", "DC": "revoked", "RP": "revoked",
    "ER": "entered-in-error", "HD": "on-hold",
}  # fmt: skip
PRIORITY = {"S": "stat", "STAT": "stat", "A": "asap", "ASAP": "asap", "R": "routine", "P": "routine", "C": "urgent",
            "T": "urgent", "U": "urgent", "URGENT": "urgent", "EM": "stat", "ROUTINE": "routine"}  # fmt: skip

APPOINTMENT_OF_TRIGGER = {
    "S12": "booked", "S13": "booked", "S14": "booked", "S15": "cancelled", "S16": "cancelled",
    "S17": "entered-in-error",
    "S18": "booked", "S19": "booked", "S20": "booked", "S21": "booked", "S22": "booked", "S26": "noshow",
}  # fmt: skip
# Table 0278, filler status.
APPOINTMENT_STATUS = {
    "PENDING": "pending", "WAITLIST": "waitlist", "BOOKED": "booked", "OVERBOOK": "booked", "STARTED": "arrived",
    "COMPLETE": "fulfilled", "COMPLETED": "fulfilled", "CANCELLED": "cancelled", "CANCELED": "cancelled",
    "DC": "cancelled", "DELETED": "entered-in-error", "NOSHOW": "noshow", "CHECKEDIN": "checked-in",
    "ARRIVED": "arrived", "SCHEDULED": "booked",
}  # fmt: skip

DOCUMENT_STATUS = {"DI": "preliminary", "DO": "preliminary", "IN": "preliminary", "IP": "preliminary",
                   "PA": "preliminary", "AU": "final", "LA": "final"}  # fmt: skip
# Table 0270 in LOINC, where one code says the same.
DOCUMENT_LOINC = {"CN": "11488-4", "DS": "18842-5", "HP": "34117-2", "OP": "11504-8", "PN": "28570-0", "PR": "11506-3",
                  "SP": "11526-1", "TS": "18761-7", "DI": "18748-4", "AR": "18743-5"}  # fmt: skip
DOCUMENT_THERE = {"CA": "entered-in-error", "OB": "superseded"}

ALLERGY_CATEGORY = {"DA": "medication", "FA": "food", "EA": "environment", "PA": "environment", "LA": "environment",
                    "AA": "environment", "MA": "medication"}  # fmt: skip
REACTION_SEVERITY = {"SV": "severe", "MO": "moderate", "MI": "mild"}
ALLERGY_SURE = {"C": "confirmed", "D": "unconfirmed", "U": "unconfirmed", "P": "unconfirmed", "S": "unconfirmed",
                "E": "entered-in-error", "I": "confirmed"}  # fmt: skip

REFERRAL_STATUS = {"A": "active", "P": "active", "R": "revoked", "E": "revoked", "C": "completed"}
DAILY_CODES = frozenset(("QD", "BID", "TID", "QID", "QOD", "AM", "PM", "BED", "WK", "Q4H", "Q6H", "Q8H", "Q12H"))
TIMING = {"QAM": "AM", "QPM": "PM", "QHS": "BED", "HS": "BED", "DAILY": "QD", "ONCE DAILY": "QD", "QDAY": "QD"}
COMPARATORS = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}

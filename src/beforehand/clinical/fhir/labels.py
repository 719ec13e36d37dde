"""Sensitivity: the security labels of a resource as the words that limit who may see its facts."""

from __future__ import annotations

from typing import Any

from beforehand.clinical.codes import token_of

# HL7 v3 ActCode (information sensitivity) and Confidentiality codes.
LABELS: dict[str, str] = {
    **dict.fromkeys(("SUD", "ETH", "ETHUD", "OPIOIDUD", "DRGIS", "42CFRPart2", "ALCOHOL"), "SUD"),
    **dict.fromkeys(("PSY", "MH", "BH", "MENCAT", "PSYTHPN", "COGN", "DVD"), "MENTAL"),
    "HIV": "HIV",
    **dict.fromkeys(("SEX", "STD", "SEXUAL", "REPRO", "ABORTION", "PREGNANT"), "SEXUAL"),
    **dict.fromkeys(("SDV", "VIO", "VIOLENCE", "DV", "SV", "IDS"), "VIOLENCE"),
    # Restricted, very restricted, and sensitive in a way that has no word of its own here.
    **dict.fromkeys(("R", "V", "TBOO", "TABOO", "GDIS", "SICKLE", "EMP", "LOCIS", "SSP", "ADOL", "CEL", "DIA"), "R"),
    **dict.fromkeys(
        ("DEMO", "DOB", "GENDER", "LIVARG", "MARST", "PATLOC", "RACE", "REL", "B", "PDS", "PHY", "PRS"), "R"
    ),
}
ORDER = tuple(sorted(set(LABELS.values())))  # as ``record.roles`` looks for several: in alphabetical order
_SYSTEMS = frozenset(("hl7:v3-ActCode", "hl7:v3-Confidentiality", "hl7:v3-ObservationValue", ""))


def sensitivity_of(labels: list[dict[str, Any]]) -> str:
    """The labels in their order, separated by spaces; empty when nothing limits who may see it."""
    found = {
        LABELS[label["code"]]
        for label in labels or ()
        if label.get("code") in LABELS and token_of(label.get("system") or "") in _SYSTEMS
    }
    return " ".join(label for label in ORDER if label in found)

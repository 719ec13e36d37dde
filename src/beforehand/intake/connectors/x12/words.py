"""What the codes of X12 mean, in our own words and only where something hangs on it; X12 owns its lists.

Codes that are not named here are kept as codes.
"""

from __future__ import annotations

# What stands before a share that the plan's terms leave to the person: adjustment reason to FHIR's adjudication.
COST_SHARES = {"1": "deductible", "66": "deductible", "2": "coinsurance", "3": "copay"}
# Also the person's by the plan's terms, of no kind that FHIR has a word for: what another account paid, spend-downs.
OTHER_SHARES = frozenset(("100", "142", "178", "187", "241", "247", "248"))
# A lower price, a payment that somebody else made, a tax or a bonus: nothing was refused.
REDUCTIONS = frozenset((
    "23", "44", "45", "59", "70", "85", "90", "91", "94", "100", "101", "103", "104", "105", "118", "121", "122",
    "131", "132", "137", "139", "143", "144", "161", "169", "172", "194", "215", "223",
    "225", "235", "237", "246", "253", "A2",
))  # fmt: skip
GROUPS = {"CO": "The provider bears it", "PR": "The person bears it", "OA": "Other", "PI": "Lowered by the payer"}

PROCESSED = {
    "1": "Processed as first insurance",
    "2": "Processed as second insurance",
    "3": "Processed as third insurance",
    "4": "Refused",
    "19": "Processed as first insurance and passed on to another",
    "20": "Processed as second insurance and passed on to another",
    "21": "Processed as third insurance and passed on to another",
    "22": "Taken back: an earlier payment is reversed",
    "23": "Not this payer's claim; passed on to another",
    "25": "Estimate only; nothing was paid",
}
REVERSAL, REFUSED, NOT_OURS, ESTIMATE = "22", "4", "23", "25"

# Claim filing indicator, data element 1032.
FILING = {
    "11": "Other plan outside federal programmes",
    "12": "Private plan with preferred providers",
    "13": "Private plan, point of service",
    "14": "Private plan, exclusive providers",
    "15": "Private indemnity plan",
    "16": "Medicare plan of a health maintenance organization",
    "17": "Dental maintenance organization",
    "AM": "Car insurance",
    "BL": "Blue Cross or Blue Shield",
    "CH": "Military family programme",
    "CI": "Private insurance",
    "DS": "Disability insurance",
    "FI": "Federal employees' programme",
    "HM": "Health maintenance organization",
    "LM": "Liability insurance",
    "MA": "Medicare Part A",
    "MB": "Medicare Part B",
    "MC": "Medicaid",
    "OF": "Other federal programme",
    "TV": "Title V programme",
    "VA": "Veterans' programme",
    "WC": "Workers' compensation",
}

# Insurance line, data element 1205: words, and which of a member's coverages it is.
LINES = {
    "AG": ("Preventive care", "medical"), "AH": ("Day and night care", "medical"), "AJ": ("Reduced medical", "medical"),
    "DEN": ("Dental", "dental"), "DCP": ("Dental, capitated", "dental"),
    "EPO": ("Health, exclusive providers", "medical"), "HE": ("Hearing", "hearing"), "HLT": ("Health", "medical"),
    "HMO": ("Health maintenance organization", "medical"), "LTC": ("Long-term care", "long-term care"),
    "LTD": ("Long-term disability", "disability"), "MM": ("Major medical", "medical"),
    "MOD": ("Mail-order drugs", "drugs"), "PDG": ("Prescription drugs", "drugs"),
    "POS": ("Point of service", "medical"),
    "PPO": ("Preferred providers", "medical"), "PRA": ("Practitioners", "medical"),
    "STD": ("Short-term disability", "disability"), "UR": ("Utilization review", "utilization review"),
    "VIS": ("Vision", "vision"), "FAC": ("Facility", "medical"),
}  # fmt: skip

RELATIONSHIPS = {
    "18": "self", "01": "spouse", "53": "other", "19": "child", "17": "child", "09": "child", "10": "child",
    "05": "child", "20": "other", "G8": "other", "03": "parent", "04": "other",
}  # fmt: skip
SEX = {"F": "female", "M": "male", "U": "unknown", "X": "other"}
MARITAL = {"I": "S", "M": "M", "D": "D", "W": "W", "S": "L", "B": "T", "X": "L", "C": "C"}  # to HL7's own letters

# What an 834 does to a member or a coverage (data element 875).
MAINTENANCE = {
    "001": "Change", "002": "Taken out", "021": "Added", "024": "Ended", "025": "Brought back", "026": "Corrected",
    "030": "Listed in an audit", "032": "No coverage to tell of",
}  # fmt: skip
ENDS = frozenset(("002", "024"))
BEGINS = frozenset(("021", "025", "030"))

# The category of a claim's status (source 507) by its first letters: FHIR's outcome, decision, and what it means.
STATUSES: dict[str, tuple[str, str, str]] = {
    "A0": ("queued", "", "Passed on to another party"),
    "A1": ("queued", "", "Received; not yet accepted"),
    "A2": ("queued", "", "Accepted; the payer will decide"),
    "A3": ("error", "", "Returned: cannot be processed as sent; correct it and send it again"),
    "A4": ("error", "", "Not found at the payer"),
    "A5": ("queued", "", "Split into several claims"),
    "A6": ("error", "", "Rejected: something is missing; add it and send it again"),
    "A7": ("error", "", "Rejected: something is wrong; correct it and send it again"),
    "A8": ("error", "", "Rejected: two things do not go together; correct it and send it again"),
    "P": ("queued", "", "Being decided"),
    "F0": ("complete", "", "Decided"),
    "F1": ("complete", "approved", "Decided: paid"),
    "F2": ("complete", "denied", "Decided: refused"),
    "F3": ("complete", "", "Decided: changed"),
    "F4": ("complete", "", "Decided: no payment follows"),
    "R": ("queued", "pended", "The payer asks for more"),
    "D": ("error", "", "The payer cannot look it up"),
    "E": ("error", "", "The payer could not process it"),
}

UNSUPPORTED = {
    "270": ("a question about eligibility", "It tells nobody's coverage; ask the sender for 834 or for lists."),
    "271": ("an answer about eligibility", "Take it in as FHIR (CoverageEligibilityResponse) or as a list."),
    "276": ("a question about a claim", "It says nothing new of the claim; send 277CA or 835, the payer's answers."),
    "277": (
        "an answer to a question about a claim, or a request for more information",
        "Ask the payer for 277CA (005010X214) or for 835.",
    ),
    "278": ("a request for authorization or its answer", "Take it in as FHIR Claim and ClaimResponse (Da Vinci PAS)."),
    "820": ("a payment of premiums", "It says nothing of care; nothing needs to be done."),
    "997": ("an acknowledgement of another file", "Nothing needs to be done, unless it rejects what you sent."),
    "999": ("an acknowledgement of another file", "Nothing needs to be done, unless it rejects what you sent."),
    "275": ("an attachment to a claim", "Take the document itself in: PDF, C-CDA or text."),
    "834": ("an enrolment file of a version that is not read here", "Ask for version 005010X220A1."),
    "835": ("a remittance of a version that is not read here", "Ask for version 005010X221A1."),
    "837": (
        "a claim of a version that is not read here",
        "Ask for 005010X222A1 (professional) or 005010X223A2 (institutional); dental claims are not read.",
    ),
}  # fmt: skip

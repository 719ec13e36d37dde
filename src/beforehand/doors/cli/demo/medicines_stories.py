"""Stories about medicines: one not refilled, two that clash, one refill to check, one allergy overlooked."""

from __future__ import annotations

from datetime import timedelta

from beforehand.doors.cli.demo.chart import Chart, Person, coded
from beforehand.doors.cli.demo.days import Days

PARK, OSEI, RAO, ITO = "Dr. Lena Park", "Dr. Amara Osei", "Dr. Vikram Rao", "Dr. Ken Ito"
APIXABAN = ("1364445", "apixaban 5 MG Oral Tablet")
METOPROLOL_25 = ("866924", "metoprolol tartrate 25 MG Oral Tablet")
METOPROLOL_50 = ("866514", "metoprolol tartrate 50 MG Oral Tablet")
FUROSEMIDE = ("313988", "furosemide 40 MG Oral Tablet")
METFORMIN = ("861007", "metformin hydrochloride 500 MG Oral Tablet")
LISINOPRIL = ("314076", "lisinopril 10 MG Oral Tablet")
SPIRONOLACTONE = ("313096", "spironolactone 25 MG Oral Tablet")
SIMVASTATIN = ("198211", "simvastatin 40 MG Oral Tablet")
CLARITHROMYCIN = ("197517", "clarithromycin 500 MG Oral Tablet")
WARFARIN = ("855332", "warfarin sodium 5 MG Oral Tablet")
IBUPROFEN = ("197806", "ibuprofen 600 MG Oral Tablet")
AMOXICILLIN = ("308182", "amoxicillin 250 MG Oral Capsule")
LEVOTHYROXINE = ("966221", "levothyroxine sodium 0.05 MG Oral Tablet")


def eleanor_smith(days: Days) -> list[Chart]:
    """Her blood thinner runs out in two days; she opened it in the portal and asked for nothing. A dose disagrees."""
    person = Person(
        "eleanor", "Eleanor", "Smith", days.years_old(81, 260), "female", "LHA-20481", "555-0155",
        address="14 Quarry Street, second floor, Larkfield",
    )  # fmt: skip
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.condition("icd10cm:I48.20", "Chronic atrial fibrillation", days.ago(900))
    primary.condition("icd10cm:I50.22", "Chronic systolic heart failure", days.ago(420))
    primary.condition("icd10cm:E11.9", "Type 2 diabetes", days.ago(2400))
    primary.medicine(*METOPROLOL_25, days.ago(45), PARK, "1 tablet twice a day", refills=2, amount=60)
    primary.medicine(*METFORMIN, days.ago(46), PARK, "1 tablet twice a day", days=90, refills=1, amount=180)
    primary.result("loinc:4548-4", "Hemoglobin A1c", days.at(days.ago(45), "08:10"), 7.1, "%", high=5.6)
    primary.blood_pressure(days.ago(45), 128, 74)
    primary.heed("Hard of hearing. Call the landline after 9:00 am and speak slowly. Leave no details on the machine.")
    primary.relative("Karen Doyle", "DAUC", "daughter", "555-0156")
    primary.team((PARK, "Primary care"), (OSEI, "Heart"), (ITO, "Eyes"))
    primary.foot_exam(days.ago(45))
    primary.iron(days.ago(45), 118, 27)
    primary.plan("Care plan: heart and diabetes", days.ago(120))
    primary.goal("Walk to church without stopping", days.ago(120), days.ahead(60))
    heart = Chart("harbor-clinic", "Harbor Clinic", person, days)
    heart.medicine(*APIXABAN, days.ago(60), OSEI, "1 tablet twice a day", refills=0, amount=56, days=28)
    heart.visit("AMB", "Heart clinic visit", days.ago(60), OSEI)
    hospital = Chart("st-brigid", "St. Brigid Hospital", person, days)
    hospital.medicine(*METOPROLOL_50, days.ago(26), "Dr. Ines Falk", "1 tablet twice a day", days=None, refills=None)
    pharmacy = Chart("corner-pharmacy", "Corner Pharmacy", person, days)
    pharmacy.fill(*APIXABAN, days.ago(26), days=28, amount=56)
    pharmacy.fill(*METOPROLOL_25, days.ago(17), days=60, amount=120)
    mail = Chart("mail-pharmacy", "Mail pharmacy", person, days)
    mail.fill(*FUROSEMIDE, days.ago(112), days=90, amount=90, mail=True)
    mail.fill(*FUROSEMIDE, days.ago(23), days=90, amount=90, mail=True)
    mail.fill(*METFORMIN, days.ago(46), days=90, amount=180, mail=True)
    portal = Chart("portal", "Portal", person, days)
    shown = portal.medicine(*APIXABAN, days.ago(60), OSEI, "1 tablet twice a day", refills=0, amount=56, days=28)
    portal.message("Apixaban opened", days.at(days.ago(3), "20:14"), category="refill-viewed", about=shown)
    primary.up_to_date(but=("sugar", "pressure", "team"))
    return [primary, heart, hospital, pharmacy, mail, portal]


def aisha_rahman(days: Days) -> list[Chart]:
    """Two doctors, two prescriptions that must not be taken together."""
    person = Person("aisha", "Aisha", "Rahman", days.years_old(56, 312), "female", "LHA-31877", "555-0127")
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.condition("icd10cm:E78.5", "High cholesterol", days.ago(1500))
    primary.medicine(*SIMVASTATIN, days.ago(70), PARK, "1 tablet in the evening", days=90, refills=3, amount=90)
    urgent = Chart("larkfield-urgent-care", "Larkfield Urgent Care", person, days)
    urgent.visit("AMB", "Urgent care visit, sinus infection", days.ago(1), "Dr. Tomas Weir")
    urgent.medicine(
        *CLARITHROMYCIN, days.ago(1), "Dr. Tomas Weir", "1 tablet twice a day for 10 days", days=10, amount=20
    )
    pharmacy = Chart("corner-pharmacy", "Corner Pharmacy", person, days)
    pharmacy.fill(*SIMVASTATIN, days.ago(69), days=90, amount=90)
    primary.up_to_date()
    return [primary, urgent, pharmacy]


def gloria_whitfield(days: Days) -> list[Chart]:
    """Potassium came back high last night; she takes two medicines that raise it; nobody has signed."""
    person = Person("gloria", "Gloria", "Whitfield", days.years_old(77, 160), "female", "LHA-11920", "555-0121")
    hospital = Chart("st-brigid", "St. Brigid Hospital", person, days)
    hospital.medicine(*SPIRONOLACTONE, days.ago(6), "Dr. Ines Falk", "1 tablet every morning", refills=2, amount=30)
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.condition("icd10cm:I50.22", "Chronic systolic heart failure", days.ago(700))
    primary.medicine(*LISINOPRIL, days.ago(120), PARK, "1 tablet every morning", days=90, refills=3, amount=90)
    pharmacy = Chart("corner-pharmacy", "Corner Pharmacy", person, days)
    pharmacy.fill(*SPIRONOLACTONE, days.ago(5), days=30, amount=30)
    pharmacy.fill(*LISINOPRIL, days.ago(22), days=90, amount=90)
    lab = Chart("quay-lab", "Quay Lab", person, days)
    lab.result("loinc:2823-3", "Potassium", days.at(days.ago(1), "21:40"), 5.9, "mmol/L", low=3.5, high=5.1, flag="H")
    lab.result("loinc:2160-0", "Creatinine", days.at(days.ago(1), "21:40"), 1.2, "mg/dL", low=0.6, high=1.3)
    primary.iron(days.ago(55), 141, 31)
    primary.up_to_date()
    return [hospital, primary, pharmacy, lab]


def rosa_alvarez(days: Days) -> list[Chart]:
    """Of a couple whose daughter Ana helps: home from hospital, and a thyroid refill to be checked."""
    person = Person(
        "rosa", "Rosa", "Álvarez", days.years_old(79, 118), "female", "LHA-40012", "555-0150",
        language="es", language_words="Spanish", interpreter=True, address="7 Mill Lane, Larkfield",
    )  # fmt: skip
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.condition("icd10cm:E03.9", "Hypothyroidism", days.ago(3000))
    primary.medicine(*LEVOTHYROXINE, days.ago(140), PARK, "1 tablet before breakfast", days=90, refills=2, amount=90)
    primary.relative("Ana Álvarez", "DAUC", "daughter, helps both parents", "555-0151")
    pharmacy = Chart("corner-pharmacy", "Corner Pharmacy", person, days)
    pharmacy.fill(*LEVOTHYROXINE, days.ago(85), days=90, amount=90)
    hospital = Chart("st-brigid", "St. Brigid Hospital", person, days)
    left = days.business_ago(1)
    hospital.stay(
        days.at(left - timedelta(days=3), "07:00"), days.at(left, "14:20"), coded("icd10cm:J18.9", "Pneumonia")
    )
    primary.up_to_date()
    return [primary, pharmacy, hospital]


def luis_alvarez(days: Days) -> list[Chart]:
    """The other half of the couple: warfarin from one doctor, ibuprofen from another."""
    person = Person(
        "luis", "Luis", "Álvarez", days.years_old(82, 77), "male", "LHA-40013", "555-0150",
        language="es", language_words="Spanish", interpreter=True, address="7 Mill Lane, Larkfield",
    )  # fmt: skip
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.condition("icd10cm:I48.20", "Chronic atrial fibrillation", days.ago(1800))
    primary.medicine(*WARFARIN, days.ago(100), PARK, "1 tablet every evening", days=90, refills=3, amount=90)
    primary.relative("Ana Álvarez", "DAUC", "daughter, helps both parents", "555-0151")
    bones = Chart("harbor-clinic", "Harbor Clinic", person, days)
    bones.visit("AMB", "Bone and joint visit", days.ago(4), "Dr. Paul Reyner")
    bones.medicine(*IBUPROFEN, days.ago(4), "Dr. Paul Reyner", "1 tablet three times a day", days=20, amount=60)
    pharmacy = Chart("corner-pharmacy", "Corner Pharmacy", person, days)
    pharmacy.fill(*WARFARIN, days.ago(30), days=90, amount=90)
    lab = Chart("quay-lab", "Quay Lab", person, days)
    lab.result("loinc:6301-6", "INR", days.at(days.ago(12), "09:00"), 2.4, "{INR}", low=2.0, high=3.0)
    primary.up_to_date()
    return [primary, bones, pharmacy, lab]


def bernice_jackson(days: Days) -> list[Chart]:
    """Allergic to penicillin in one record; amoxicillin ordered from another that does not know."""
    person = Person("bernice", "Bernice", "Jackson", days.years_old(84, 20), "female", "LHA-22764", "555-0129")
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.allergy("rxnorm:7980", "Penicillin G", "Hives and swelling of the face", days.ago(6000))
    dentist = Chart("larkfield-dental", "Larkfield Dental", person, days)
    dentist.medicine(*AMOXICILLIN, days.ago(1), "Dr. Nell Ostrow", "2 capsules before the visit", days=7, amount=14)
    pharmacy = Chart("corner-pharmacy", "Corner Pharmacy", person, days)
    pharmacy.fill(*LISINOPRIL, days.ago(119), days=90, amount=90)
    pharmacy.fill(*LISINOPRIL, days.ago(30), days=90, amount=90)
    primary.up_to_date()
    return [primary, dentist, pharmacy]


STORIES = (eleanor_smith, aisha_rahman, gloria_whitfield, rosa_alvarez, luis_alvarez, bernice_jackson)

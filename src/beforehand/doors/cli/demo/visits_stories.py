"""Stories about visits, stays, results and money; and somebody with nothing due."""

from __future__ import annotations

from datetime import timedelta

from beforehand.doors.cli.demo.chart import Chart, Person, coded
from beforehand.doors.cli.demo.days import Days
from beforehand.doors.cli.demo.medicines_stories import FUROSEMIDE, LISINOPRIL, METFORMIN, PARK, RAO

SATO = "Dr. Lena Sato"
FRIDAY = 4


def walter_okafor(days: Days) -> list[Chart]:
    """Home with heart failure just before the weekend; one try to reach him, no answer."""
    person = Person("walter", "Walter", "Okafor", days.years_old(82, 290), "male", "LHA-10233", "555-0142")
    left = days.business_ago(2)
    hospital = Chart("st-brigid", "St. Brigid Hospital", person, days)
    hospital.stay(
        days.at(left - timedelta(days=4), "02:15"),
        days.at(left, "15:10"),
        coded("icd10cm:I50.23", "Acute on chronic systolic heart failure"),
    )
    hospital.medicine(*FUROSEMIDE, left, "Dr. Ines Falk", "1 tablet twice a day", refills=1, amount=60)
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.condition("icd10cm:I50.22", "Chronic systolic heart failure", days.ago(800))
    primary.iron(days.ago(130), 164, 29)
    primary.heed("Lives alone. His sister Ada (555-0188) may be told.")
    primary.relative("Ada Okafor", "SIS", "sister", "555-0188")
    pharmacy = Chart("corner-pharmacy", "Corner Pharmacy", person, days)
    for back in (290, 200, 110, 20):
        pharmacy.fill(*LISINOPRIL, days.ago(back), days=90, amount=90)
    primary.up_to_date()
    return [hospital, primary, pharmacy]


def wei_chen(days: Days) -> list[Chart]:
    """A kidney specialist on Friday, nine weeks waited for; he does not drive and nobody has booked a ride."""
    person = Person(
        "wei", "Wei", "Chen", days.years_old(68, 224), "male", "LHA-30518", "555-0131",
        language="zh", language_words="Mandarin", interpreter=True,
    )  # fmt: skip
    clinic = Chart("harbor-clinic", "Harbor Clinic", person, days)
    friday = days.next_weekday(FRIDAY, at_least=2)
    clinic.appointment("Kidney clinic", days.at(friday, "10:30"), 45, "Harbor Kidney Clinic", by=SATO)
    clinic.medicine(*FUROSEMIDE, days.ago(170), SATO, "1 tablet every morning", days=90, refills=0, amount=90)
    pharmacy = Chart("corner-pharmacy", "Corner Pharmacy", person, days)
    for back in (168, 78):
        pharmacy.fill(*FUROSEMIDE, days.ago(back), days=90, amount=90)
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.condition("icd10cm:N18.32", "Chronic kidney disease, stage 3b", days.ago(500))
    primary.condition("icd10cm:Z75.3", "No means of transport", days.ago(9))
    primary.heed("Does not drive. Needs a ride and a Mandarin interpreter.", "snomed:713458007")
    primary.relative("Daniel Chen", "SONC", "son", "555-0133")
    lab = Chart("quay-lab", "Quay Lab", person, days)
    for back in (20, 200):
        taken = days.at(days.ago(back), "08:00")
        lab.result("loinc:33914-3", "eGFR", taken, 32 if back == 20 else 35, "mL/min/{1.73_m2}", low=60)
        lab.result("loinc:9318-7", "Albumin to creatinine ratio, urine", taken, 180, "mg/g", high=30)
        lab.result("loinc:2823-3", "Potassium", taken, 4.6, "mmol/L", low=3.5, high=5.1)
        lab.result("loinc:2160-0", "Creatinine", taken, 2.1, "mg/dL", low=0.6, high=1.3)
    primary.up_to_date(but=("kidney",))
    return [clinic, primary, pharmacy, lab]


def harold_lindqvist(days: Days) -> list[Chart]:
    """A positive stool test ten weeks ago; no colonoscopy, and nobody asked."""
    person = Person("harold", "Harold", "Lindqvist", days.years_old(66, 60), "male", "LHA-15540", "555-0136")
    lab = Chart("quay-lab", "Quay Lab", person, days)
    lab.result(
        "loinc:29771-3", "Stool blood test (FIT)", days.at(days.ago(72), "11:00"),
        said={**coded("snomed:10828004", "Positive"), "text": "Positive"}, flag="POS",
    )  # fmt: skip
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.visit("AMB", "Yearly check", days.ago(80), PARK)
    primary.blood_pressure(days.ago(80), 131, 79)
    plan = Chart("larkfield-plan", "Larkfield Health Advantage", person, days)
    plan.coverage("Larkfield Health Advantage", days.ago(900))
    primary.up_to_date(but=("colon", "pressure"))
    return [lab, primary, plan]


def irene_kowalski(days: Days) -> list[Chart]:
    """The bill asks for more than the plan says she owes."""
    person = Person(
        "irene",
        "Irene",
        "Kowalski",
        days.years_old(76, 234),
        "female",
        "LHA-28813",
        "555-0139",
        language_words="English",
    )
    plan = Chart("larkfield-plan", "Larkfield Health Advantage", person, days)
    service = days.ago(48)
    plan.coverage("Larkfield Health Advantage", days.ago(700))
    plan.statement(
        "88-3017", service, "St. Brigid Imaging",
        {"submitted": "960.00", "eligible": "410.00", "benefit": "223.60",
         "deductible": "100.00", "coinsurance": "86.40"},
    )  # fmt: skip
    imaging = Chart("st-brigid-imaging", "St. Brigid Imaging", person, days)
    imaging.bill("88-3017", service, days.ago(9), days.ahead(12), "St. Brigid Imaging", "412.00")
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.visit("AMB", "Knee pain visit", days.ago(60), PARK)
    primary.up_to_date()
    return [plan, imaging, primary]


def thomas_begay(days: Days) -> list[Chart]:
    """An MRI next week that the plan has not yet approved; the question has been with them six days."""
    person = Person("thomas", "Thomas", "Begay", days.years_old(73, 183), "male", "LHA-17702", "555-0134")
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    order = primary.order(
        "hcpcs:C8900", "MRI of the left knee", days.ago(16), PARK, to="St. Brigid Imaging",
        category=coded("snomed:363679005", "Imaging"),
    )  # fmt: skip
    primary.appointment("MRI of the left knee", days.at(days.ahead(6), "08:15"), 60, "St. Brigid Imaging", order=order)
    plan = Chart("larkfield-plan", "Larkfield Health Advantage", person, days)
    plan.coverage("Larkfield Health Advantage", days.ago(400))
    primary.authorization(
        order, "pended", days.ago(6), provider="Park Primary Care", payer="Larkfield Health Advantage"
    )
    lab = Chart("quay-lab", "Quay Lab", person, days)
    lab.result("loinc:2160-0", "Creatinine", days.at(days.ago(30), "08:00"), 1.0, "mg/dL", low=0.6, high=1.3)
    primary.add(
        {
            "resourceType": "CoverageEligibilityResponse",
            "status": "active",
            "purpose": ["auth-requirements"],
            "patient": primary.subject,
            "created": days.ago(15).isoformat(),
            "request": {"display": "Asked by Park Primary Care"},
            "outcome": "complete",
            "insurer": {"display": "Larkfield Health Advantage"},
            "insurance": [
                {
                    "coverage": {"display": "Larkfield Health Advantage"},
                    "inforce": True,
                    "item": [{"authorizationRequired": True, "productOrService": coded("hcpcs:C8900", "MRI")}],
                }
            ],
        }
    )
    primary.up_to_date()
    return [primary, plan, lab]


def joseph_whelan(days: Days) -> list[Chart]:
    """A second A1c is ordered a month after the first; and two visits that overlap."""
    person = Person("joseph", "Joseph", "Whelan", days.years_old(70, 138), "male", "LHA-19306", "555-0118")
    lab = Chart("quay-lab", "Quay Lab", person, days)
    lab.result("loinc:4548-4", "Hemoglobin A1c", days.at(days.ago(33), "07:50"), 7.4, "%", high=5.6)
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.condition("icd10cm:E11.9", "Type 2 diabetes", days.ago(1700))
    primary.foot_exam(days.ago(300))
    clinic = Chart("harbor-clinic", "Harbor Clinic", person, days)
    clinic.order(
        "loinc:4548-4", "Hemoglobin A1c", days.ago(2), RAO, to="Quay Lab",
        category=coded("snomed:108252007", "Laboratory procedure"),
    )  # fmt: skip
    wednesday = days.next_weekday(2, at_least=3)
    clinic.appointment("Diabetes clinic", days.at(wednesday, "13:30"), 60, "Harbor Diabetes Clinic")
    primary.appointment("Foot check", days.at(wednesday, "14:00"), 30, "Park Primary Care")
    primary.up_to_date(but=("sugar",))
    return [lab, primary, clinic]


def dmitri_volkov(days: Days) -> list[Chart]:
    """A heart referral three weeks old that nobody has scheduled; three emergency visits in two months."""
    person = Person("dmitri", "Dmitri", "Volkov", days.years_old(75, 1), "male", "LHA-26650", "555-0190",
                    language="ru", language_words="Russian")  # fmt: skip
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.order(
        "snomed:183519002", "Referral to heart clinic", days.ago(22), PARK, to="Harbor Heart Clinic", priority="urgent"
    )
    hospital = Chart("st-brigid", "St. Brigid Hospital", person, days)
    for back in (54, 31, 12):
        hospital.visit(
            "EMER", "Emergency visit", days.ago(back), "Dr. Ines Falk", reason=coded("icd10cm:R07.9", "Chest pain")
        )
    plan = Chart("larkfield-plan", "Larkfield Health Advantage", person, days)
    plan.coverage("Larkfield Health Advantage", days.ago(500))
    primary.up_to_date()
    return [primary, hospital, plan]


def fatima_noor(days: Days) -> list[Chart]:
    """She told the screener that food runs out; nobody has referred her. Her plan review is late."""
    person = Person("fatima", "Fatima", "Noor", days.years_old(65, 60), "female", "LHA-33409", "555-0144",
                    language="ar", language_words="Arabic or English")  # fmt: skip
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.answer(
        "loinc:88122-7", "Worried whether food would run out before there was money for more",
        "loinc:LA28397-0", "Often true", days.ago(8),
    )  # fmt: skip
    primary.condition("icd10cm:Z59.41", "Food insecurity", days.ago(8), category="health-concern")
    primary.plan("Care plan: heart and household", days.ago(400))
    clinic = Chart("harbor-clinic", "Harbor Clinic", person, days)
    clinic.visit("AMB", "Heart clinic visit", days.ago(40), "Dr. Amara Osei")
    pharmacy = Chart("corner-pharmacy", "Corner Pharmacy", person, days)
    for back in (310, 220, 130, 40):
        pharmacy.fill(*FUROSEMIDE, days.ago(back), days=90, amount=90)
    primary.up_to_date()
    return [primary, clinic, pharmacy]


def samuel_ortiz(days: Days) -> list[Chart]:
    """Diabetes: no A1c for eight months; an eye exam he says he had, with no report."""
    person = Person("samuel", "Samuel", "Ortiz", days.years_old(66, 270), "male", "LHA-12044", "555-0112")
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.condition("icd10cm:E11.9", "Type 2 diabetes", days.ago(2100))
    primary.medicine(*METFORMIN, days.ago(50), PARK, "1 tablet twice a day", days=90, refills=3, amount=180)
    primary.blood_pressure(days.ago(50), 134, 80)
    primary.procedure("snomed:722161008", "Retina exam", days.ago(540))
    primary.foot_exam(days.ago(245))
    lab = Chart("quay-lab", "Quay Lab", person, days)
    lab.result("loinc:4548-4", "Hemoglobin A1c", days.at(days.ago(245), "08:00"), 7.8, "%", high=5.6)
    portal = Chart("portal", "Portal", person, days)
    portal.message("I had my eyes checked in spring", days.at(days.ago(6), "19:02"), category="patient-said")
    pharmacy = Chart("corner-pharmacy", "Corner Pharmacy", person, days)
    pharmacy.fill(*METFORMIN, days.ago(50), days=90, amount=180)
    primary.up_to_date(but=("sugar", "eyes", "pressure"))
    return [primary, lab, portal, pharmacy]


def grace_lindholm(days: Days) -> list[Chart]:
    """Nothing due: every check done, every visit kept."""
    person = Person("grace", "Grace", "Lindholm", days.years_old(38, 150), "female", "LHA-50120", "555-0107")
    primary = Chart("park-primary-care", "Park Primary Care", person, days)
    primary.visit("WELLNESS", "Yearly check", days.ago(90), PARK)
    primary.blood_pressure(days.ago(90), 116, 72)
    primary.result("loinc:21440-3", "HPV test", days.at(days.ago(400), "10:00"),
                   said={**coded("snomed:260385009", "Negative"), "text": "Negative"}, flag="NEG")  # fmt: skip
    primary.vaccine("158", "Influenza vaccine", days.ago(25))
    primary.vaccine("115", "Tdap vaccine", days.ago(900))
    plan = Chart("larkfield-plan", "Larkfield Health Advantage", person, days)
    plan.coverage("Larkfield Health Advantage", days.ago(300))
    pharmacy = Chart("corner-pharmacy", "Corner Pharmacy", person, days)
    pharmacy.vaccine("158", "Influenza vaccine", days.ago(25))
    primary.up_to_date(but=("cervix", "flu", "pressure"))
    return [primary, plan, pharmacy]


def unplaced(days: Days) -> list[Chart]:
    """What nobody could place: Mrs. Smith's record at the clinic near her daughter, with another birth date."""
    person = Person("eleanor-shore", "Eleanor", "Smith", days.years_old(81, 260), "female", "LHA-20481", "555-0155")
    shore = Chart("shore-clinic", "Shore Clinic", person, days, birth=person.birth + timedelta(days=9))
    shore.result("loinc:33914-3", "eGFR", days.at(days.ago(2), "07:30"), 48, "mL/min/{1.73_m2}", low=60, flag="L")
    shore.up_to_date(but=("kidney", "team"))
    return [shore]


STORIES = (
    walter_okafor, wei_chen, harold_lindqvist, irene_kowalski, thomas_begay, joseph_whelan, dmitri_volkov,
    fatima_noor, samuel_ortiz, grace_lindholm, unplaced,
)  # fmt: skip

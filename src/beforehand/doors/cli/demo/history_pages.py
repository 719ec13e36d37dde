"""The routine that stands in most charts: screenings, vaccines and yearly checks that were done on time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from beforehand.doors.cli.demo.clinical_pages import ClinicalPages
from beforehand.doors.cli.demo.pages import coded, hash_of

PARK = "Dr. Lena Park"
NEGATIVE = {**coded("snomed:260385009", "Negative"), "text": "Negative"}


class HistoryPages(ClinicalPages):
    """So that a story's list shows the story, not the gaps that a short chart would leave."""

    def up_to_date(self, *, but: Collection[str] = ()) -> None:
        """Everything somebody of this age and sex is offered was done, except what ``but`` names."""
        age = (self.days.today - self.person.birth).days // 365
        woman = self.person.sex == "female"
        due = {
            "colon": 45 <= age <= 76,
            "breast": woman and 40 <= age <= 75,
            "cervix": woman and 21 <= age <= 66,
            "bones": woman and age >= 65,
            "pressure": True,
            "flu": True,
            "pneumonia": age >= 50,
            "shingles": age >= 50,
            "kidney": True,
            "sugar": True,
            "fats": True,
            "weight": True,
            "blood": True,
            "thyroid": True,
            "eyes": True,
            "yearly": True,
            "home": True,
            "falls": age >= 65,
            "wellness": age >= 65,
            "anxiety": age < 65,
            "once": age < 80,
            "hiv": age <= 66,
            "hepatitis_b": True,
            "tetanus": True,
            "measles": self.person.birth.year >= 1957,
            "chickenpox": self.person.birth.year >= 1980,
            "liver": age >= 19,
            "rsv": age >= 75,
            "team": True,
        }
        for name in (name for name, is_due in due.items() if is_due and name not in but):
            getattr(self, f"_{name}")()

    def _own(self, kind: str, low: float, high: float, digits: int = 0) -> float:
        """A value within bounds that is this person's own, the same on every day the demo is opened."""
        share = hash_of(f"{self.person.slug} {kind}") % 97 / 96
        value = round(low + (high - low) * share, digits)
        return value if digits else int(value)

    def _team(self) -> None:
        self.team((PARK, "Primary care"))

    def _colon(self) -> None:
        self.procedure("snomed:73761001", "Colonoscopy", self.days.ago(1200))

    def _breast(self) -> None:
        self.procedure("snomed:24623002", "Screening mammogram", self.days.ago(260))

    def _cervix(self) -> None:
        self._said("loinc:21440-3", "HPV test", self.days.ago(700))

    def _bones(self) -> None:
        self.procedure("snomed:312681000", "Bone density scan", self.days.ago(800))

    def _pressure(self) -> None:
        self.blood_pressure(
            self.days.ago(55), int(self._own("systolic", 112, 128)), int(self._own("diastolic", 66, 78))
        )

    def _flu(self) -> None:
        self.vaccine("158", "Influenza vaccine", self.days.ago(28))

    def _pneumonia(self) -> None:
        self.vaccine("216", "Pneumococcal vaccine (PCV20)", self.days.ago(600))

    def _shingles(self) -> None:
        self.vaccine("187", "Shingles vaccine", self.days.ago(900))
        self.vaccine("187", "Shingles vaccine", self.days.ago(800))

    def _kidney(self) -> None:
        on = self.days.ago(55)
        self._measured("loinc:33914-3", "eGFR", on, self._own("egfr", 66, 88), "mL/min/{1.73_m2}")
        self._measured("loinc:9318-7", "Albumin to creatinine ratio, urine", on, self._own("albumin", 4, 19), "mg/g")
        self._measured("loinc:2160-0", "Creatinine", on, self._own("creatinine", 0.8, 1.0, 1), "mg/dL")
        self._measured("loinc:2823-3", "Potassium", on, self._own("potassium", 3.9, 4.7, 1), "mmol/L")

    def _sugar(self) -> None:
        self._measured("loinc:4548-4", "Hemoglobin A1c", self.days.ago(55), self._own("a1c", 5.0, 5.6, 1), "%")

    def _fats(self) -> None:
        on, low, good = self.days.ago(55), self._own("ldl", 68, 98), self._own("hdl", 44, 64)
        self._measured("loinc:18262-6", "LDL cholesterol", on, low, "mg/dL")
        self._measured("loinc:2085-9", "HDL cholesterol", on, good, "mg/dL")
        self._measured("loinc:2093-3", "Total cholesterol", on, low + good + 24, "mg/dL")

    def _weight(self) -> None:
        index = self._own("weight", 20.5, 24.6, 1)
        on = self.days.at(self.days.ago(55), "09:30")
        self.result("loinc:39156-5", "Body mass index", on, index, "kg/m2", category="vital-signs")

    def _blood(self) -> None:
        self._measured("loinc:2132-9", "Vitamin B12", self.days.ago(200), self._own("b12", 340, 560), "pg/mL")

    def _thyroid(self) -> None:
        self._measured("loinc:3016-3", "TSH", self.days.ago(60), self._own("tsh", 1.1, 3.2, 1), "m[IU]/L")

    def _eyes(self) -> None:
        self.procedure("snomed:722161008", "Retina exam", self.days.ago(150))

    def _wellness(self) -> None:
        self.procedure("hcpcs:G0439", "Yearly wellness visit", self.days.ago(55))

    def _yearly(self) -> None:
        for code, words in (
            ("loinc:55758-7", "Depression, PHQ-2"),
            ("loinc:75626-2", "Alcohol, AUDIT-C"),
            ("loinc:82667-7", "Drugs, DAST-10"),
        ):
            self._scored(code, words, 0)
        self.answer("loinc:72166-2", "Smoking", "snomed:266919005", "Never smoked", self.days.ago(55))

    def _home(self) -> None:
        never = ("loinc:LA28399-0", "Never true")
        self.answer("loinc:88122-7", "Worried that food would run out", *never, self.days.ago(55))

    def _falls(self) -> None:
        self._scored("loinc:59460-6", "Falls, risk score", 0)

    def _anxiety(self) -> None:
        self._scored("loinc:70274-6", "Anxiety, GAD-7", 1)

    def _once(self) -> None:
        self._said("loinc:16128-1", "Hepatitis C antibody", self.days.ago(1400))

    def _hiv(self) -> None:
        self._said("loinc:56888-1", "HIV 1 and 2 antibody and antigen", self.days.ago(1400))

    def _hepatitis_b(self) -> None:
        self._said("loinc:5195-3", "Hepatitis B surface antigen", self.days.ago(1400))

    def _tetanus(self) -> None:
        self.vaccine("115", "Tdap vaccine", self.days.ago(1500))

    def _measles(self) -> None:
        self.vaccine("03", "Measles, mumps and rubella vaccine", self.days.ago(9000))

    def _chickenpox(self) -> None:
        self.vaccine("21", "Chickenpox vaccine", self.days.ago(3000))
        self.vaccine("21", "Chickenpox vaccine", self.days.ago(2960))

    def _liver(self) -> None:
        for ago in (2000, 1970, 1800):
            self.vaccine("43", "Hepatitis B vaccine", self.days.ago(ago))

    def _rsv(self) -> None:
        self.vaccine("305", "RSV vaccine", self.days.ago(400))

    def _scored(self, code: str, words: str, score: int) -> None:
        self.result(code, words, self.days.at(self.days.ago(55), "09:40"), score, "{score}", category="survey")

    def _measured(self, code: str, words: str, on: date, value: float, unit: str) -> None:
        self.result(code, words, self.days.at(on, "08:20"), value, unit)

    def _said(self, code: str, words: str, on: date) -> None:
        self.result(code, words, self.days.at(on, "08:20"), said=NEGATIVE, flag="NEG")

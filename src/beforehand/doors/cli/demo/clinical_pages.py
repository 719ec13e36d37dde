"""Problems, medicines and results of a chart."""

from __future__ import annotations

from datetime import date

from beforehand.doors.cli.demo.pages import Pages, Resource, coded, hl7


def measured(value: float, unit: str) -> Resource:
    """A quantity with its UCUM unit."""
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


class ClinicalPages(Pages):
    """Each method adds one resource and returns its reference."""

    def condition(self, code: str, words: str, since: date, category: str = "problem-list-item") -> str:
        return self.add(
            {
                "resourceType": "Condition",
                "clinicalStatus": hl7("condition-clinical", "active"),
                "verificationStatus": hl7("condition-ver-status", "confirmed"),
                "category": [hl7("condition-category", category)],
                "code": coded(code, words),
                "subject": self.subject,
                "onsetDateTime": since.isoformat(),
                "recordedDate": since.isoformat(),
            }
        )

    def allergy(self, code: str, words: str, reaction: str, since: date) -> str:
        return self.add(
            {
                "resourceType": "AllergyIntolerance",
                "clinicalStatus": hl7("allergyintolerance-clinical", "active"),
                "verificationStatus": hl7("allergyintolerance-verification", "confirmed"),
                "criticality": "high",
                "category": ["medication"],
                "code": coded(code, words),
                "patient": self.subject,
                "recordedDate": since.isoformat(),
                "reaction": [{"manifestation": [{"text": reaction}]}],
            }
        )

    def heed(self, words: str, code: str = "", since: date | None = None) -> str:
        return self.add(
            {
                "resourceType": "Flag",
                "status": "active",
                "code": coded(code, words) if code else {"text": words},
                "subject": self.subject,
                "period": {"start": (since or self.days.ago(200)).isoformat()},
            }
        )

    # Medicines

    def medicine(
        self,
        code: str,
        words: str,
        authored: date,
        by: str,
        sig: str,
        *,
        days: int | None = 30,
        refills: int | None = 0,
        amount: int | None = None,
        status: str = "active",
    ) -> str:
        dispense: Resource = {}
        if refills is not None:
            dispense["numberOfRepeatsAllowed"] = refills
        if amount is not None:
            dispense["quantity"] = {"value": amount, "unit": "tablet"}
        if days is not None:
            dispense["expectedSupplyDuration"] = {
                "value": days,
                "unit": "days",
                "system": "http://unitsofmeasure.org",
                "code": "d",
            }
        return self.add(
            {
                "resourceType": "MedicationRequest",
                "status": status,
                "intent": "order",
                "medicationCodeableConcept": coded(f"rxnorm:{code}", words),
                "subject": self.subject,
                "authoredOn": authored.isoformat(),
                "requester": self.clinician(by),
                "dosageInstruction": [{"text": sig}],
                **({"dispenseRequest": dispense} if dispense else {}),
            }
        )

    def fill(
        self, code: str, words: str, on: date, *, days: int | None, amount: int, order: str = "", mail: bool = False
    ) -> str:
        return self.add(
            {
                "resourceType": "MedicationDispense",
                "status": "completed",
                "medicationCodeableConcept": coded(f"rxnorm:{code}", words),
                "subject": self.subject,
                "whenHandedOver": on.isoformat(),
                "quantity": {"value": amount, "unit": "tablet"},
                **({"type": {"text": "Mail order"}} if mail else {}),
                **(
                    {
                        "daysSupply": {
                            "value": days,
                            "unit": "days",
                            "system": "http://unitsofmeasure.org",
                            "code": "d",
                        }
                    }
                    if days
                    else {}
                ),
                **({"authorizingPrescription": [{"reference": order}]} if order else {}),
            }
        )

    def takes(self, code: str, words: str, sig: str, said: date) -> str:
        return self.add(
            {
                "resourceType": "MedicationStatement",
                "status": "active",
                "medicationCodeableConcept": coded(f"rxnorm:{code}", words),
                "subject": self.subject,
                "dateAsserted": said.isoformat(),
                "effectivePeriod": {"start": said.isoformat()},
                "dosage": [{"text": sig}],
            }
        )

    def vaccine(self, cvx: str, words: str, on: date) -> str:
        return self.add(
            {
                "resourceType": "Immunization",
                "status": "completed",
                "vaccineCode": coded(f"cvx:{cvx}", words),
                "patient": self.subject,
                "occurrenceDateTime": on.isoformat(),
            }
        )

    # Results

    def result(
        self,
        code: str,
        words: str,
        taken: str,
        value: float | int | None = None,
        unit: str = "",
        *,
        low: float | None = None,
        high: float | None = None,
        flag: str = "",
        said: Resource | None = None,
        category: str = "laboratory",
        order: str = "",
        encounter: str = "",
    ) -> str:
        bounds: Resource = {}
        for side, bound in (("low", low), ("high", high)):
            if bound is not None:
                bounds[side] = {"value": bound, "unit": unit}
        return self.add(
            {
                "resourceType": "Observation",
                "status": "final",
                "category": [hl7("observation-category", category)],
                "code": coded(code, words),
                "subject": self.subject,
                "effectiveDateTime": taken,
                "issued": taken if "T" in taken else f"{taken}T12:00:00-05:00",
                **(
                    {
                        "valueQuantity": {
                            "value": value,
                            "unit": unit,
                            "system": "http://unitsofmeasure.org",
                            "code": unit,
                        }
                    }
                    if value is not None
                    else {}
                ),
                **({"valueCodeableConcept": said} if said else {}),
                **({"referenceRange": [bounds]} if bounds else {}),
                **({"interpretation": [hl7("v3-ObservationInterpretation", flag)]} if flag else {}),
                **({"basedOn": [{"reference": order}]} if order else {}),
                **({"encounter": {"reference": encounter}} if encounter else {}),
            }
        )

    def blood_pressure(self, on: date, systolic: int, diastolic: int) -> str:
        def part(code: str, words: str, value: int) -> Resource:
            return {
                "code": coded(code, words),
                "valueQuantity": measured(value, "mm[Hg]"),
            }

        return self.add(
            {
                "resourceType": "Observation",
                "status": "final",
                "category": [hl7("observation-category", "vital-signs")],
                "code": coded("loinc:85354-9", "Blood pressure"),
                "subject": self.subject,
                "effectiveDateTime": on.isoformat(),
                "component": [
                    part("loinc:8480-6", "Systolic blood pressure", systolic),
                    part("loinc:8462-4", "Diastolic blood pressure", diastolic),
                ],
            }
        )

    def procedure(self, code: str, words: str, on: date) -> str:
        return self.add(
            {
                "resourceType": "Procedure",
                "status": "completed",
                "code": coded(code, words),
                "subject": self.subject,
                "performedDateTime": on.isoformat(),
            }
        )

    def foot_exam(self, on: date) -> str:
        return self.procedure("work:foot-exam", "Foot exam with monofilament", on)

    def iron(self, on: date, ferritin: int, saturation: int) -> None:
        """The two iron studies of one blood draw."""
        taken = self.days.at(on, "08:20")
        self.result("loinc:2276-4", "Ferritin", taken, ferritin, "ng/mL", low=30)
        self.result("loinc:2502-3", "Iron saturation", taken, saturation, "%", low=20, high=50)

    def answer(self, question: str, words: str, code: str, answer: str, on: date) -> str:
        """One screening answer, as an observation of the survey category."""
        return self.result(question, words, on.isoformat(), said=coded(code, answer), category="survey")

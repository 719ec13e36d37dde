"""Coverage, statements, bills and authorizations of a chart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from beforehand.doors.cli.demo.pages import Pages, Resource, hl7


def money(value: str) -> Resource:
    return {"value": float(value), "currency": "USD"}


class MoneyPages(Pages):
    """Each method adds one resource and returns its reference; amounts are dollars as written."""

    def coverage(self, payer: str, since: date, until: date | None = None) -> str:
        return self.add(
            {
                "resourceType": "Coverage",
                "status": "active",
                "type": {"text": payer},
                "beneficiary": self.subject,
                "relationship": hl7("subscriber-relationship", "self"),
                "period": {"start": since.isoformat(), **({"end": until.isoformat()} if until else {})},
                "payor": [{"display": payer}],
            }
        )

    def statement(self, claim: str, service: date, provider: str, amounts: Mapping[str, str]) -> str:
        """The plan's explanation of benefits; ``amounts`` by adjudication (submitted, eligible, benefit, ...)."""
        return self.add(
            {
                "resourceType": "ExplanationOfBenefit",
                "status": "active",
                "type": hl7("claim-type", "professional"),
                "use": "claim",
                "patient": self.subject,
                "billablePeriod": {"start": service.isoformat(), "end": service.isoformat()},
                "created": (service + timedelta(days=12)).isoformat(),
                "insurer": {"display": self.label},
                "provider": {"display": provider},
                "outcome": "complete",
                "identifier": [{"system": f"https://{self.source}.example/claim", "value": claim}],
                "insurance": [{"focal": True, "coverage": {"display": self.label}}],
                "total": [
                    {"category": hl7("adjudication", name), "amount": money(value)} for name, value in amounts.items()
                ],
            }
        )

    def bill(self, claim: str, service: date, issued: date, due: date, issuer: str, total: str) -> str:
        return self.add(
            {
                "resourceType": "Invoice",
                "status": "issued",
                "type": {"text": "Patient bill"},
                "subject": self.subject,
                "date": issued.isoformat(),
                "issuer": {"display": issuer},
                "totalNet": money(total),
                "identifier": [
                    {"system": f"https://{self.source}.example/bill", "value": f"B-{claim}"},
                    {"type": {"text": "claim"}, "system": "https://larkfield-plan.example/claim", "value": claim},
                ],
                "paymentTerms": f"Due {due.isoformat()}",
                "extension": [
                    {
                        "url": "https://beforehand.example/fhir/StructureDefinition/invoice-service-date",
                        "valueDate": service.isoformat(),
                    },
                    {
                        "url": "https://beforehand.example/fhir/StructureDefinition/invoice-due-date",
                        "valueDate": due.isoformat(),
                    },
                ],
            }
        )

    def authorization(
        self,
        order: str,
        decision: str,
        made: date,
        *,
        number: str = "",
        until: date | None = None,
        provider: str = "Harbor Clinic",
        payer: str = "",
    ) -> str:
        claim = self.add(
            {
                "resourceType": "Claim",
                "status": "active",
                "type": hl7("claim-type", "professional"),
                "use": "preauthorization",
                "patient": self.subject,
                "created": made.isoformat(),
                "provider": {"display": provider},
                "priority": {"text": "normal"},
                "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": payer or self.label}}],
                "referral": {"reference": order},
            }
        )
        return self.add(
            {
                "resourceType": "ClaimResponse",
                "status": "active",
                "type": hl7("claim-type", "professional"),
                "use": "preauthorization",
                "patient": self.subject,
                "created": made.isoformat(),
                "insurer": {"display": payer or self.label},
                "request": {"reference": claim},
                "outcome": "queued" if decision == "pended" else "complete",
                "disposition": decision,
                **({"preAuthRef": number} if number else {}),
                **({"preAuthPeriod": {"start": made.isoformat(), "end": until.isoformat()}} if until else {}),
            }
        )

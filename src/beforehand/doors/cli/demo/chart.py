"""One person's chart at one source, written as the FHIR R4 resources that source would send."""

from __future__ import annotations

from beforehand.doors.cli.demo.history_pages import HistoryPages
from beforehand.doors.cli.demo.money_pages import MoneyPages
from beforehand.doors.cli.demo.pages import Person, coded
from beforehand.doors.cli.demo.visit_pages import VisitPages

__all__ = ["Chart", "Person", "coded"]


class Chart(HistoryPages, VisitPages, MoneyPages):
    """Everything a source can hold about a person."""

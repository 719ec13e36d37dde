"""An organisation's own holidays: business days skip them too, for everybody here and everybody to come."""

from datetime import date
from pathlib import Path

import pytest

from beforehand.clinical.times import day_of
from beforehand.lookahead.holidays import HolidayFileError, read_holidays, set_holidays
from beforehand.lookahead.models import CalendarDay
from beforehand.record.access import AccessRefusedError, system_principal
from beforehand.record.models import Patient

FRIDAY_AFTER = date(2026, 11, 27)


def test_a_file_of_dates_is_read_and_a_wrong_line_is_named(tmp_path: Path) -> None:
    good = tmp_path / "good.csv"
    good.write_text("date,name\n# ours\n2026-11-27,Day after Thanksgiving\n2026-12-24\n")
    assert read_holidays(good) == [(FRIDAY_AFTER, "Day after Thanksgiving"), (date(2026, 12, 24), "")]
    bad = tmp_path / "bad.csv"
    bad.write_text("2026-11-27,fine\n11/28/2026,not\n")
    with pytest.raises(HolidayFileError, match="line 2"):
        read_holidays(bad)


@pytest.mark.django_db
def test_business_days_skip_the_organisations_holidays_and_back_again() -> None:
    patient = Patient.unscoped.create()
    assert set_holidays(days=[(FRIDAY_AFTER, "ours")], by=system_principal("operator"))
    patient.refresh_from_db()
    off = CalendarDay.objects.filter(calendar_id=patient.calendar_id, is_business=0).values_list("day", flat=True)
    assert {day_of(FRIDAY_AFTER), day_of(date(2026, 11, 26))} <= set(off)
    assert set_holidays(days=[], by=system_principal("operator"))
    patient.refresh_from_db()
    assert patient.calendar_id == 1


@pytest.mark.django_db
def test_who_may_not_run_rules_may_not_set_holidays() -> None:
    with pytest.raises(AccessRefusedError):
        set_holidays(days=[], by=system_principal("intake"))

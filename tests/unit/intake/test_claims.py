"""Files of a plan and a clinic become needs: a refusal with the last day to appeal, and insurance that ends."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.utils import timezone

from beforehand.care.needs.models import Need
from beforehand.clinical.content import content_root
from beforehand.clinical.tables import ALL
from beforehand.doors.cli.commands.ingest import command
from beforehand.intake.connectors.x12 import connector
from beforehand.lookahead import library
from beforehand.lookahead.models import Finding
from beforehand.record.models import Patient, PersonName
from beforehand.record.store.rows import fetch
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db
SAMPLES = Path(connector.__file__).parent / "samples"
MADE = date(2026, 5, 18)  # when the enrolment file of the samples says that it was made
DAY = re.compile(rb"(?<![0-9])202[0-9][01][0-9][0-3][0-9](?![0-9])")


def sample(name: str, made: date = MADE) -> bytes:
    """A sample whose days are moved so that it was made on another day."""

    def moved(found: re.Match[bytes]) -> bytes:
        day = date.fromisoformat(found[0].decode()) + (made - MADE)
        return day.strftime("%Y%m%d").encode()

    return DAY.sub(moved, (SAMPLES / name).read_bytes())


def rows(table: str, *columns: str) -> list[tuple]:
    assert table in ALL
    return fetch(f"select {', '.join(columns)} from fact_{table} where status = 'active' order by 1, 2", [])


def patient(given: str) -> int:
    (name,) = PersonName.unscoped.filter(given__startswith=given).values_list("patient_id", flat=True).distinct()
    return name


def test_a_claim_is_the_same_one_in_every_file_and_the_same_files_again_change_nothing():
    names = ["remittance.835", "answers.277", "claims-professional.837", "enrolment.834", "claims-institutional.837"]
    applied = [receive(sample(name), "harbor", name) for name in names]
    assert [one.counts.quarantined for one in applied] == [0] * 5
    assert [one.counts.applied for one in applied] == [6, 4, 3, 5, 1]
    claims = {number for (number, _) in rows("claim", "id", "status")}
    assert {request for (request, _) in rows("claim_response", "request_id", "id")} <= claims
    explained = rows("explanation_of_benefit", "payer_claim_number", "claim_id", "billed_cents", "patient_share_cents")
    assert [(number, billed, share) for number, _, billed, share in explained] == [
        ("HHP26121000771", 46000, 13680), ("HHP26121000799", 9500, 9500), ("HHP26121000802", 14000, 2000),
        ("HHP26121001444", 22000, 2000),
    ]  # fmt: skip
    assert len({claim for _, claim, _, _ in explained} & claims) == 3
    again = [receive(sample(name), "harbor", name) for name in names]
    assert [one.counts.duplicates for one in again] == [6, 4, 3, 5, 1]
    assert Patient.unscoped.count() == 7


def test_what_was_taken_back_stays_so_when_the_earlier_payment_comes_late():
    receive(sample("remittance.835"), "harbor", "now.835")
    earlier = sample("remittance.835", MADE - timedelta(days=40))
    claim = earlier[earlier.index(b"CLP*LC-1807*22") : earlier.index(b"PLB*")]
    paid = claim.replace(b"*22*-", b"*1*").replace(b"*-", b"*")
    head = re.sub(rb"BPR\*I\*[0-9.]*", b"BPR*I*35.00", earlier[: earlier.index(b"CLP*")])
    count = (head[head.index(b"ST*") :] + paid).count(b"~") + 1
    trailers = b"SE*%d*0104~GE*1*104~IEA*1*000000104~" % count
    late = receive(head + paid + trailers, "harbor", "late.835").counts
    assert (late.applied, late.quarantined) == (2, 0)
    assert "HHP26088000123" not in [row[0] for row in rows("explanation_of_benefit", "payer_claim_number", "id")]


def test_a_termination_ends_the_coverage_that_was_known_and_bringing_back_opens_it():
    known = sample("enrolment.834", MADE - timedelta(days=90))
    known = known.replace(b"HD*024*", b"HD*021*").replace(b"*024*08*", b"*021*28*").replace(b"DTP*349*", b"DTP*343*")
    applied = receive(known.replace(b"DTP*357*", b"DTP*336*"), "harbor", "known.834")
    assert applied.counts.applied == 5
    bo = patient("BO")

    def ends() -> list[tuple]:
        return fetch("select end_to_day from fact_coverage where patient_id = %s", [bo])

    assert ends() == [(None,)]
    receive(sample("enrolment.834"), "harbor", "now.834")
    assert ends() == [((date(2026, 6, 30) - date(1970, 1, 1)).days,)]
    back = sample("enrolment.834", MADE + timedelta(days=20)).replace(b"HD*024*", b"HD*025*")
    back = back.replace(b"*024*08*", b"*025*41*").replace(b"DTP*349*", b"DTP*343*").replace(b"DTP*357*", b"DTP*336*")
    receive(back, "harbor", "back.834")
    assert ends() == [(None,)]


def test_files_become_needs(tmp_path, monkeypatch):
    """Of the library, the queries that these files are about, so that the test costs seconds."""
    root = content_root()
    small = library.read_library(
        root, places=[root / "rules/coverage/refusal_to_appeal.sql", root / "rules/coverage/coverage_ends.sql"]
    )
    monkeypatch.setattr(library, "_read_once", lambda *_: small)
    today = timezone.localdate()
    for name in ("enrolment.834", "claims-professional.837", "answers.277", "remittance.835"):
        (tmp_path / name).write_bytes(sample(name, today))
    outcome = CliRunner().invoke(command, [str(tmp_path), "--source", "harbor"], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    ada, bo = patient("ADA"), patient("BO")
    refused = Finding.unscoped.get(patient_id=ada, rule_id="refused_by_private_plan", status="DUE")
    decided = today - timedelta(days=4)
    assert refused.due_on == (decided - date(1970, 1, 1)).days + 180
    assert refused.say["say_refused_cents"] == 9500
    ending = Finding.unscoped.get(patient_id=bo, rule_id="coverage_ends", status="DUE")
    assert ending.due_on == (today + (date(2026, 6, 30) - MADE) - date(1970, 1, 1)).days
    asked = set(Need.unscoped.filter(patient_id__in=(ada, bo)).values_list("rule_id", flat=True))
    assert {"refused_by_private_plan", "coverage_ends"} <= asked

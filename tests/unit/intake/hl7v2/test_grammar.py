"""HL7 v2 taken apart: messages, segments, fields, escapes, character sets, times; and what is said of broken ones."""

from __future__ import annotations

from typing import Any

import pytest

from beforehand.intake.connectors.errors import ItemError, StopError
from beforehand.intake.connectors.hl7v2 import connector
from beforehand.intake.connectors.hl7v2.grammar import Part, Separators, parse, pieces, unescape
from beforehand.intake.connectors.hl7v2.moments import fhir_time

HEAD = "MSH|^~\\&|LAB|LAKEVIEW|B|C|20260301120000-0600||ORU^R01|1|P|2.5.1"
PATIENT = "PID|1||5^^^LAKEVIEW^MR||Muñoz^José||19510314|F"
ORDER = "OBR|1||F1^LAB|4548-4^A1c^LN|||20260301"


def resources(content: bytes | str, kind: str = "") -> list[dict[str, Any]]:
    raw = content if isinstance(content, bytes) else content.encode()
    found = [item.resource for item in connector.items(raw) if item.resource is not None]
    return [resource for resource in found if not kind or resource["resourceType"] == kind]


def faults(content: bytes | str) -> list[ItemError]:
    raw = content if isinstance(content, bytes) else content.encode()
    return [item.error for item in connector.items(raw) if item.error is not None]


def observation(line: str) -> dict[str, Any]:
    (found,) = resources("\r".join((HEAD, PATIENT, ORDER, line)), "Observation")
    return found


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_lines_end_as_they_like(end: str, last: bool) -> None:
    text = end.join((HEAD, PATIENT, ORDER, "OBX|1|ST|1-8^x^LN||a||||||F")) + (end if last else "")
    assert len(resources(text, "Observation")) == 1
    assert len(resources(text * 3 if last else text, "Patient")) == (3 if last else 1)
    framed = f"\x0b{text}\x1c\r\x0b{text}\x1c\r"
    assert [item.unit for item in connector.items(framed.encode()) if item.resource] == [0] * 4 + [1] * 4


def test_text_with_line_ends_in_it_goes_on() -> None:
    found = observation("OBX|1|TX|1-8^x^LN||first\nsecond line\n\nthird||||||F")
    assert found["valueString"] == "first\nsecond line\nthird"
    assert found["status"] == "final"


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f", "a|b^c&d~e\\f"),
        ("one\\.br\\two\\.sp2\\three", "one\ntwo\n\nthree"),
        ("\\H\\bold\\N\\ end", "bold end"),
        ("\\XC3A9\\", "é"),
        ("\\X0D0A\\", "\r\n"),
        ("C:\\dir\\file", "C:\\dir\\file"),
        ("\\E", "\\E"),
        ("\\Zown\\", "\\Zown\\"),
    ],
)
def test_escapes(raw: str, plain: str) -> None:
    assert unescape(raw, Separators()) == plain


def test_separators_are_the_message_s_own() -> None:
    text = "MSH$*!/@$LAB$LAKEVIEW$B$C$20260301$$ADT*A08$1$P$2.3\rPID$1$$5***LAKEVIEW@1.2.3@ISO*MR$$Doe*Jo/F/hn"
    (patient,) = resources(text, "Patient")
    assert patient["name"] == [{"family": "Doe", "given": ["Jo$hn"]}]
    assert patient["identifier"][0]["system"] == "urn:oid:1.2.3"


@pytest.mark.parametrize(
    ("stated", "codec"),
    [
        ("UNICODE UTF-8", "utf-8"), ("8859/1", "latin-1"), ("", "utf-8"), ("", "cp1252"), ("UNICODE UTF-8", "cp1252"),
        ("8859/15", "iso8859-15"), ("ASCII", "utf-8"), ("NOT A SET", "utf-8"),
    ],
)  # fmt: skip
def test_character_sets(stated: str, codec: str) -> None:
    head = HEAD + ("||||||" + stated if stated else "")
    found = resources("\r".join((head, PATIENT)).encode(codec))
    (patient,) = [one for one in found if one["resourceType"] == "Patient"]
    assert patient["name"][0] == {"family": "Muñoz", "given": ["José"]}
    told = [
        more["valueString"] for one in found for more in one.get("extension", ()) if more["url"].endswith("read-as")
    ]
    fits = (stated, codec) in {
        ("UNICODE UTF-8", "utf-8"),
        ("8859/1", "latin-1"),
        ("8859/15", "iso8859-15"),
        ("", "utf-8"),
    }
    assert told == [] if fits else told in (["windows-1252"], ["utf-8"])


def test_utf_16_is_read_by_its_mark() -> None:
    assert len(resources("\r".join((HEAD, PATIENT)).encode("utf-16"), "Patient")) == 1


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("2024", "2024"),
        ("202403", "2024-03"),
        ("20240305", "2024-03-05"),
        ("2024030514", "2024-03-05"),
        ("202403051430", "2024-03-05T14:30:00-06:00"),
        ("20240305143015.1234+0530", "2024-03-05T14:30:15.123+05:30"),
        ("20240305143015-0000", "2024-03-05T14:30:15-06:00"),
        ("20240230", "2024-02"),
        ("20240300", "2024-03"),
        ("20240000", "2024"),
        ("99991231", None),
        ("00000000", None),
        ('""', None),
        ("2024-03-05", "2024-03-05"),
    ],
)
def test_times_keep_their_precision(raw: str, read: str | None) -> None:
    assert fhir_time(raw, "-06:00", "x") == read


@pytest.mark.parametrize("raw", ["yesterday", "2024x", "24", "20240305 1430 PST"])
def test_a_time_that_is_none_is_refused(raw: str) -> None:
    with pytest.raises(ItemError):
        fhir_time(raw, "", "OBX[1]-14")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NM|1-8^x^LN||7.10|%|", {"valueQuantity": {"value": "7.10", "unit": "%"}}),
        ("NM|1-8^x^LN||+07.5|mg/dL^^UCUM|", {"valueQuantity": {
            "value": 7.5, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"}}),
        ("NM|1-8^x^LN||>100|mL|", {"valueQuantity": {"value": 100, "comparator": ">", "unit": "mL"}}),
        ("ST|1-8^x^LN||<0.5|mL|", {"valueQuantity": {"value": 0.5, "comparator": "<", "unit": "mL"}}),
        ("ST|1-8^x^LN||12||", {"valueString": "12"}),
        ("NM|1-8^x^LN||not done||", {"valueString": "not done"}),
        ("SN|1-8^x^LN||>=^5||", {"valueQuantity": {"value": 5, "comparator": ">="}}),
        ("SN|1-8^x^LN||^1^:^128||", {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}),
        ("SN|1-8^x^LN||^3^+||", {"valueString": "3+"}),
        ("CWE|1-8^x^LN||260385009^Negative^SCT||", {"valueCodeableConcept": {"coding": [
            {"system": "http://snomed.info/sct", "code": "260385009", "display": "Negative"}], "text": "Negative"}}),
        ("DT|1-8^x^LN||202403||", {"valueDateTime": "2024-03"}),
        ("TM|1-8^x^LN||0730||", {"valueTime": "07:30:00"}),
        ("DR|1-8^x^LN||20240301^20240305||", {"valuePeriod": {"start": "2024-03-01", "end": "2024-03-05"}}),
        ("XPN|1-8^x^LN||Doe^Jo||", {"valueString": "Jo Doe"}),
        ("QQ|1-8^x^LN||a^b||", {"valueString": "a b"}),
        ("FT|1-8^x^LN||a~b\\T\\c||", {"valueString": "a\nb&c"}),
    ],
)  # fmt: skip
def test_every_type_of_value(line: str, value: dict[str, Any]) -> None:
    found = observation(f"OBX|1|{line}|||||F")
    assert {name: said for name, said in found.items() if name.startswith("value")} == value


def test_repeated_values_ranges_flags_and_notes() -> None:
    text = "\r".join(
        (HEAD, PATIENT, ORDER, "OBX|1|NM|2823-3^K^LN||5.9~6.1|mmol/L|3.5-5.1|H~A|||C|||202603010700", "NTE|1||Again")
    )
    (found,) = resources(text, "Observation")
    assert found["status"] == "corrected"
    assert [part["valueQuantity"]["value"] for part in found["component"]] == [6.1]
    assert found["referenceRange"] == [
        {"low": {"value": 3.5, "unit": "mmol/L"}, "high": {"value": 5.1, "unit": "mmol/L"}, "text": "3.5-5.1"}
    ]
    assert [flag["coding"][0]["code"] for flag in found["interpretation"]] == ["H", "A"]
    assert found["note"] == [{"text": "Again"}]
    assert found["effectiveDateTime"] == "2026-03-01T07:00:00-06:00"


def test_local_codes_are_the_sender_s_own() -> None:
    systems = {
        observation(f"OBX|1|ST|77^x^{name}||a||||||F")["code"]["coding"][0].get("system")
        for name in ("L", "99LAB", "PCV4", "")
    }
    assert systems == {
        "urn:hl7v2:local:LAKEVIEW:L", "urn:hl7v2:local:LAKEVIEW:99LAB", "urn:hl7v2:system:PCV4", None,
    }  # fmt: skip


def test_a_null_is_told_from_silence() -> None:
    (patient,) = resources("\r".join((HEAD, 'PID|1||5^^^LAKEVIEW^MR||Doe^Jo||""||||""')), "Patient")
    assert patient["birthDate"] is None
    assert patient["address"] is None
    assert "gender" not in patient


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"{HEAD}\rPID|1||||Doe^Jo", "PID[1]-3"),
        (HEAD.replace("ORU^R01", "QQQ^R01"), "MSH-9"),
        (HEAD.replace("ORU^R01", ""), "MSH-9"),
        (HEAD, "PID"),
        ("MSH||||", "MSH-2"),
        ("MSH|^^~&|A", "MSH-2"),
        (f"{HEAD}\r{PATIENT}\rpid|1||x", "line 3"),
        (f"{HEAD}\r{PATIENT}\r{ORDER}\rOBX|1|NM|1-8^x^LN||1||||||F|||soon", "OBX[1]-14"),
        (f"{HEAD}\r{PATIENT}\rPV1|1|I|||||||||||||||||9|||||||||||||||||||||||||soon", "PV1[1]-44"),
    ],
)
def test_what_cannot_be_read_names_its_place(text: str, place: str) -> None:
    assert [fault.place for fault in faults(text)] == [place]


def test_two_reports_under_one_number_both_stand() -> None:
    results = ("OBX|1|NM|1-8^x^LN||1||||||F", "OBX|1|NM|1-8^x^LN||2||||||F", "OBX|1|NM|1-8^x^LN||2||||||F")
    text = "\r".join((HEAD, PATIENT, *(f"{ORDER}\r{result}" for result in results)))
    assert [one["valueQuantity"]["value"] for one in resources(text, "Observation")] == [1, 2, 2]
    assert len({one["id"] for one in resources(text)}) == len(resources(text))
    assert faults(text) == []


@pytest.mark.parametrize("empty", ["~", "~~", "^", "^~^", "&", '""', '""~""', "\\E\\"])
def test_fields_that_hold_only_separators_say_nothing(empty: str) -> None:
    for name, fields in (
        ("PD1", 6),
        ("OBX", 24),
        ("PV1", 46),
        ("NK1", 15),
        ("IN1", 50),
        ("DG1", 22),
        ("RXA", 22),
        ("AL1", 7),
    ):
        line = "|".join([name, "1", *[empty] * fields])
        found = resources("\r".join((HEAD, PATIENT, ORDER, line)))
        assert found[0]["resourceType"] in ("Patient", "MessageHeader")


def test_one_bad_result_does_not_take_the_others() -> None:
    text = "\r".join((HEAD, PATIENT, ORDER, "OBX|1|NM|1-8^x^LN||1||||||F|||soon", "OBX|2|NM|2-6^y^LN||2||||||F"))
    assert len(faults(text)) == 1
    assert len(resources(text, "Observation")) == 1
    assert len({item.unit for item in connector.items(text.encode())}) == 1


def test_a_batch_that_is_short_says_so() -> None:
    batch = f"FHS|^~\\&\rBHS|^~\\&\r{HEAD}\r{PATIENT}\rBTS|2\rFTS|1\r"
    (fault,) = faults(batch)
    assert fault.place == "BTS-1"
    assert faults(batch.replace("BTS|2", "BTS|1")) == []
    with pytest.raises(StopError):
        list(connector.items(b"FHS|^~\\&\rFTS|0\r"))


def test_what_stands_before_the_first_message_is_not_lost() -> None:
    with pytest.raises(StopError):
        list(connector.items(b"hello\rMSH|^~\\&|A\r"))
    assert len(list(pieces(b"\x0bMSH|^~\\&|A\r\x1c\rnoise\r\x0bMSH|^~\\&|B\r"))) == 2


def test_caps() -> None:
    with pytest.raises(ItemError, match="segments"):
        parse((HEAD + "\r" + "NTE|1\r" * 20_001).encode())
    with pytest.raises(ItemError, match="fields"):
        parse((HEAD + "\r" + "NTE" + "|" * 3_000).encode())
    with pytest.raises(ItemError, match="repetitions"):
        Part("1~" * 2_000, Separators()).repetitions()


def test_subcomponents_and_the_first_of_each() -> None:
    part = Part("a&b^c&d~e", Separators())
    assert (part.text, part.words(2), part.component(2).below(2).text, len(part.repetitions())) == ("a", "c", "d", 2)
    assert (part.words(9), Part("", Separators()).text, Part('""', Separators()).is_null) == ("", "", True)

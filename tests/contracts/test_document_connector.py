"""Documents are kept whole and described; a person says whose they are."""

from email.message import EmailMessage

import pytest

from beforehand.intake.connectors.document.connector import items, part_of, recognises
from beforehand.intake.connectors.errors import StopError
from tests.contracts import connector_suite
from tests.contracts.connector_suite import suite_for

MAIL = b"From: a@x.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
_Suite = suite_for(
    "document",
    hostile={
        "a mail of mails": MAIL + b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 3000,
        "a mail in an unknown alphabet": b"From: a@x.example\r\nContent-Type: text/plain; charset=none\r\n\r\n\xff\xfe",
        "a mail that codes nothing": b"From: a@x.example\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
        "a header that does not end": b'From: a@x.example\r\nContent-Transfer-Encoding: "'
        + b"\\" * 100_000
        + b"\r\n\r\nx",
        "a mail of tags": b"From: a@x.example\r\nContent-Type: text/html\r\n\r\n" + b"<script" * 100_000,
        "a mail of another time": b"From: a@x.example\r\nDate: Mon, 99 Foo 0000 99:99:99 +9999\r\n\r\nx",
    },
)


class TestDocumentConnector(_Suite):
    def test_every_item_of_a_sample_is_mapped_or_refused_with_a_reason(self) -> None:
        """A document does not say whose it is; whoever reads it does."""
        for path in self.sample_files():
            for item in self.connector.items(path.read_bytes(), path.name):
                assert item.error is None
                filed = item.resource | {"subject": {"reference": "Patient/1"}}
                assert connector_suite.fate_of(item._replace(resource=filed)) == "mapped"


def mail(**more: str) -> bytes:
    letter = EmailMessage()
    letter["From"], letter["Subject"] = "desk@x.example", more.get("subject", "A letter")
    letter.set_content(more.get("text", "Read this."), subtype=more.get("subtype", "plain"))
    letter.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="../../a letter.pdf")
    return bytes(letter)


def test_a_mail_is_one_item_of_its_text_and_its_attachments():
    text, letter = items(mail(), "m.eml")
    assert (text.unit, letter.unit) == (0, 0)
    assert letter.resource["content"][0]["attachment"]["contentType"] == "application/pdf"
    assert letter.resource["description"] == "a letter.pdf"


def test_the_bytes_of_an_attachment_are_found_again():
    content = mail()
    for item, expected in zip(items(content, "m.eml"), [b"Read this.\n", b"%PDF-1.4 x"], strict=True):
        address = item.resource["content"][0]["attachment"]["url"].removeprefix("received:")
        assert part_of(content, address)[1] == expected


def test_the_text_of_a_mail_holds_no_markup():
    (text, _) = items(mail(text="<script>evil()</script><p onload=x>Good <b>day</b>", subtype="html"), "m.eml")
    content = mail(text="<script>evil()</script><p onload=x>Good <b>day</b>", subtype="html")
    assert b"<" not in part_of(content, "attachment:0")[1]
    assert text.resource["type"]["text"] == "E-mail"


@pytest.mark.parametrize("other", [b"MSH|^~\\&|", b'{"resourceType":', b"<ClinicalDocument", b"BEGIN:VCALENDAR"])
def test_it_leaves_to_others_what_they_read_though_it_is_named_as_a_text(other):
    assert not recognises(other, "in.txt")


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"  ", "a.pdf"), (b"\0\1\2", "scan.pdf"), (b"Content-Type: multipart/mixed; boundary=b\n\n--b--\n", "none.eml")],
)
def test_what_nobody_can_read_is_refused(content, name):
    with pytest.raises(StopError):
        list(items(content, name))

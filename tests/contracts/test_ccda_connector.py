"""The C-CDA connector keeps the promises of every connector."""

from tests.contracts.connector_suite import suite_for

_OPEN = b'<ClinicalDocument xmlns="urn:hl7-org:v3">'

TestCcdaConnector = suite_for(
    "ccda",
    hostile={
        "entity bomb": b'<!DOCTYPE ClinicalDocument [<!ENTITY a "ha">'
        + b"".join(
            b'<!ENTITY a%d "%s">' % (number, b"&a%d;" % (number - 1) * 10 if number else b"&a;" * 10)
            for number in range(9)
        )
        + b"]>"
        + _OPEN
        + b"&a8;</ClinicalDocument>",
        "file of the machine": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        + _OPEN
        + b"<title>&f;</title></ClinicalDocument>",
        "parameter entity": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://192.0.2.1/x.dtd"> %p;]>'
        + _OPEN
        + b"</ClinicalDocument>",
        "doctype in UTF-16": '\ufeff<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY a "b">]>'
        '<ClinicalDocument xmlns="urn:hl7-org:v3">&a;</ClinicalDocument>'.encode("utf-16-le"),
        "include": _OPEN
        + b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/></ClinicalDocument>',
        "a million empty tags": _OPEN + b"<a/>" * 1_000_000 + b"</ClinicalDocument>",
        "two million tags": _OPEN + b"<a></a>" * 1_000_000 + b"</ClinicalDocument>",
        "deep": _OPEN + b"<component>" * 40_000 + b"</component>" * 40_000 + b"</ClinicalDocument>",
        "deep but closed": _OPEN + b"<component>" * 250 + b"</component>" * 250 + b"</ClinicalDocument>",
        "long attribute": _OPEN + b'<id root="' + b"1." * 500_000 + b'"/></ClinicalDocument>',
        "long comment": b"<!--" + b"-x" * 500_000 + b"-->" + _OPEN + b"</ClinicalDocument>",
        "comments without end": b"<!-- " * 100_000 + _OPEN,
        "instructions": b'<?xml-stylesheet href="http://192.0.2.1/x.xsl" type="text/xsl"?>' * 1000
        + _OPEN
        + b"</ClinicalDocument>",
        "no namespace": b"<ClinicalDocument><recordTarget/></ClinicalDocument>",
        "unbound prefix": _OPEN + b"<sdtc:raceCode/></ClinicalDocument>",
        "wrong encoding": b'<?xml version="1.0" encoding="UTF-8"?>'
        + _OPEN
        + b"<title>\xff\xfe</title></ClinicalDocument>",
        "unknown encoding": b'<?xml version="1.0" encoding="X-NONE"?>' + _OPEN + b"</ClinicalDocument>",
    },
)

"""XML is parsed in one place, so that one hardened reader is all there is to harden."""

import re
from pathlib import Path

import beforehand

SOURCE = Path(str(beforehand.__file__)).parent
PARSERS = re.compile(r"^\s*(?:from|import) (?:lxml|xml|defusedxml|xmltodict|untangle|bs4)\b", re.MULTILINE)


def test_no_other_module_parses_xml() -> None:
    found = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if PARSERS.search(path.read_text())}
    assert found == {"intake/connectors/xml.py"}


def test_control_another_parser_is_noticed() -> None:
    assert PARSERS.search("import xml.etree.ElementTree as etree")
    assert PARSERS.search("    from lxml import etree")
    assert not PARSERS.search("from beforehand.intake.connectors.xml import read_xml")

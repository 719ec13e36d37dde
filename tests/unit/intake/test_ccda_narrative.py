"""Narrative is parsed into a tree of ours and written again: nothing of the sender's markup passes through."""

import random
import re

import pytest

from beforehand.intake.connectors.ccda.narrative import Texts, html_of, plain_of, read_narrative
from beforehand.intake.connectors.xml import Element, read_xml

# All that may ever come out: these tags, without attributes but how far a cell spans.
_TAGS = "p|ul|ol|li|table|caption|thead|tbody|tr|th|td|strong|em|sub|sup|aside"
ALLOWED = re.compile(rf'<(?:br|/?(?:{_TAGS})|(?:th|td)(?: colspan="\d{{1,3}}")?(?: rowspan="\d{{1,3}}")?)>')


def text(inside: str) -> Element:
    return read_xml(f'<text xmlns="urn:hl7-org:v3" xmlns:h="http://www.w3.org/1999/xhtml">{inside}</text>'.encode())


def shown(inside: str) -> str:
    return html_of(read_narrative(text(inside)))


def is_safe(html: str) -> bool:
    """Nothing but our own tags, and no bare angle bracket outside of them."""
    return not re.search(r"[<>]", ALLOWED.sub("", html))


def test_paragraphs_lists_tables_and_emphasis_are_kept() -> None:
    html = shown(
        '<paragraph>One <content styleCode="Bold">two</content><br/>three<sup>2</sup></paragraph>'
        '<list listType="ordered"><item>a</item></list><list><item>b</item></list>'
        '<table><caption>Weight</caption><thead><tr><th colspan="2">Day</th></tr></thead>'
        "<tbody><tr><td>1</td><td>2</td></tr></tbody></table><footnote>f</footnote>"
    )
    assert html == (
        "<p>One <strong>two</strong><br>three<sup>2</sup></p><ol><li>a</li></ol><ul><li>b</li></ul>"
        '<table><caption>Weight</caption><thead><tr><th colspan="2">Day</th></tr></thead>'
        "<tbody><tr><td>1</td><td>2</td></tr></tbody></table><aside>f</aside>"
    )


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<h:script>alert(1)</h:script>",
        '<paragraph onload="alert(1)" onmouseover="x()">a</paragraph>',
        '<h:img src="http://192.0.2.1/x" onerror="alert(1)"/>',
        '<renderMultiMedia referencedObject="x"><caption>c</caption></renderMultiMedia>',
        '<linkHtml href="javascript:alert(1)">b</linkHtml>',
        '<linkHtml href="http://192.0.2.1/x">b</linkHtml>',
        '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>',
        '<content styleCode="Bold; background:url(http://192.0.2.1/x)">c</content>',
        '<paragraph style="background:url(http://192.0.2.1/x)">c</paragraph>',
        "<style>@import url(http://192.0.2.1/x)</style>",
        '<h:iframe src="http://192.0.2.1/x"/>',
        '<table background="http://192.0.2.1/x"><tr><td colspan="1&quot; onload=&quot;x" rowspan="9999999">d</td></tr>'
        "</table>",
        "<paragraph>&lt;script&gt;alert(1)&lt;/script&gt;</paragraph>",
        "<paragraph>&#x22;&#x3e;&#x3c;img src=x onerror=alert(1)&#x3e;</paragraph>",
        "<![CDATA[<script>alert(1)</script>]]>",
        '<?xml-stylesheet href="http://192.0.2.1/x.xsl"?>',
        "<!--><script>alert(1)</script>-->",
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><maction href="javascript:alert(1)">e</maction></math>',
        '<h:form action="http://192.0.2.1/x"><h:input/></h:form>',
        '<h:meta http-equiv="refresh" content="0;url=http://192.0.2.1/x"/>',
        "<td>cell without a row</td><tr><td>row without a table</td></tr><item>item without a list</item>",
    ],
)
def test_hostile_narrative_leaves_only_escaped_text(hostile: str) -> None:
    html = shown(f"before {hostile} after")
    assert is_safe(html), html
    assert "before" in html and "after" in html
    assert "192.0.2.1" not in html and "javascript:" not in html
    assert "alert" not in html or "&lt;" in html


def test_every_mixture_of_tags_and_attributes_is_safe() -> None:
    chance = random.Random(7)
    names = ["paragraph", "list", "item", "table", "tr", "td", "content", "script", "h:img", "linkHtml", "caption", "x"]
    values = ["javascript:alert(1)", "http://192.0.2.1/", "1", "&quot;&gt;&lt;script&gt;", "Bold", "ordered"]
    attributes = ["onload", "href", "src", "style", "styleCode", "colspan", "rowspan", "listType", "ID"]

    def mix(depth: int) -> str:
        name = chance.choice(names)
        said = "".join(f' {one}="{chance.choice(values)}"' for one in chance.sample(attributes, 2))
        inside = "".join(mix(depth - 1) for _ in range(chance.randint(0, 3))) if depth else "&lt;b&gt; words"
        return f"<{name}{said}>{inside}</{name}>"

    for _ in range(300):
        html = shown(mix(4))
        assert is_safe(html), html
        assert "192.0.2.1" not in html and "javascript" not in html


def test_control_a_writer_that_passes_through_is_found() -> None:
    assert not is_safe('<p onload="x">a</p>')
    assert not is_safe("<img>")
    assert is_safe('<td colspan="2">a</td>')


def test_the_text_of_a_table_reads_in_lines() -> None:
    tree = read_narrative(
        text("<table><tr><td>A</td><td>B</td></tr><tr><td>C</td></tr></table><paragraph>D</paragraph>")
    )
    assert [line.strip(" |") for line in plain_of(tree).splitlines()] == ["A | B", "C", "D"]


def test_words_are_found_by_their_id() -> None:
    texts = Texts([text('<paragraph ID="a">one <content ID="b">two</content></paragraph>')])
    assert texts.words("#a") == "one two"
    assert texts.words("#b") == "two"
    assert texts.words("#nothing") == ""

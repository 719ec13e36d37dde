"""Small template filters of the page furniture."""

from __future__ import annotations

import re

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_PHONE = re.compile(
    r"(?<![\w/.:-])(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])?\d{3}[.-]\d{4}(?![\w-])"  # 555-0142, (617) 555-0142
)


@register.filter
def phones(words: str) -> SafeString:
    """Words with each phone number as a link that dials it."""

    def link(found: re.Match[str]) -> str:
        number = "".join(character for character in found[0] if character.isdigit())
        return f'<a class="bh-num" href="tel:{number}">{found[0]}</a>'

    return mark_safe(_PHONE.sub(link, conditional_escape(words)))  # noqa: S308  escaped just above

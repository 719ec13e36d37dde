"""Form furniture: every Django form is drawn with the design system's fields, hints and error messages.

Settings name :class:`UswdsRenderer` as ``FORM_RENDERER``; the templates lie under ``templates/django/forms`` and
``templates/web/forms``, so library forms (sign-in, second factor) look the same as ours.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting


class UswdsRenderer(TemplatesSetting):
    """Draws fields as ``usa-form-group`` with label, hint, error and input, in that order."""

    form_template_name = "web/forms/form.html"
    field_template_name = "web/forms/field.html"


class DateInput(forms.DateInput):
    """The browser's own date field: typed, picked or spoken; needs no script."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs=attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """The browser's own time field."""

    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs=attrs, format="%H:%M")


class FirstRadioSelect(forms.RadioSelect):
    """Radio buttons in one line on a desk, under each other on a phone."""

    template_name = "web/forms/radio.html"

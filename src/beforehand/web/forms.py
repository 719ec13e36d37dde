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


class Form(forms.Form):
    """A form whose messages say what to do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            say_plainly(field)


def say_plainly(field: forms.Field) -> None:
    """Give a field messages in our words."""
    field.error_messages["required"] = "Choose one." if isinstance(field, forms.ChoiceField) else "Fill this in."
    if isinstance(field, forms.DateField):
        field.error_messages["invalid"] = "Give a date such as 12/04/2026."


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

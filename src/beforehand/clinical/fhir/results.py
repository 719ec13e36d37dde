"""Observation with its components, DiagnosticReport, Procedure, DocumentReference and QuestionnaireResponse."""

from __future__ import annotations

import re
from typing import Any

from beforehand.clinical.fhir.contract import Mapped, MappingContext, MappingError, Resource, Row
from beforehand.clinical.fhir.elements import (
    NO_QUANTITY,
    code_in,
    codings,
    extension,
    first,
    flag,
    label_of,
    latest,
    moments,
    need,
    not_done_reason,
    number,
    of_coding,
    patient_in,
    quantity,
    status_of,
    vocabulary,
    when,
    words,
)
from beforehand.clinical.times import NOTHING, When

OBSERVATION = vocabulary("observation")
REPORT = vocabulary("diagnostic_report")
PROCEDURE = vocabulary("procedure")
DOCUMENT = vocabulary("document_reference")
RESPONSE = vocabulary("questionnaire_response")
COMPARATORS = frozenset(("<", "<=", ">=", ">"))
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
YES_NO = "http://terminology.hl7.org/CodeSystem/v2-0136"
_LINK_LOINC = re.compile(r"(?:.*/)?([0-9]{1,7}-[0-9])")


def _ends(sent: Any, low: str, high: str, join: str) -> str | None:
    """Two quantities in words: ``5 - 10 mg``, ``1:128``."""
    parts = []
    for element in (low, high):
        _, unit, digits = quantity(sent, element, "value")
        parts.append("" if digits is None else f"{digits} {unit}" if unit and unit != "1" else digits)
    return join.join(parts) if any(parts) else None


def _words_value(r: Resource, place: str) -> str | None:
    """The value in words, for the kinds that are no single number or code."""
    for element in ("valueString", "valueDateTime", "valueTime"):
        if element in r:
            return words(r, element, place)
    if "valueRange" in r:
        return _ends(r["valueRange"], "low", "high", " - ")
    if "valueRatio" in r:
        return _ends(r["valueRatio"], "numerator", "denominator", ":")
    span = r.get("valuePeriod")
    return f"{span.get('start', '')} to {span.get('end', '')}" if span else None


def _value(r: Resource, ctx: MappingContext, place: str) -> list[Any]:
    """value (three columns), comparator, value_code, value_words."""
    sent = r.get("valueQuantity")
    if sent:
        comparator = words(sent, "comparator", place + ".valueQuantity")
        if comparator is not None and comparator not in COMPARATORS:
            raise MappingError(place + ".valueQuantity.comparator", "it is not one of <, <=, >=, >")
        return [*quantity(r, "valueQuantity", place), comparator, None, None]
    if "valueCodeableConcept" in r:
        coded = r["valueCodeableConcept"]
        return [*NO_QUANTITY, None, ctx.concept(coded), label_of(coded)]
    if "valueBoolean" in r:
        truth = flag(r, "valueBoolean", place)
        if truth is None:
            return [*NO_QUANTITY, None, None, None]
        answer = of_coding(ctx, {"system": YES_NO, "code": "Y" if truth else "N"})
        return [*NO_QUANTITY, None, answer, "yes" if truth else "no"]
    if "valueInteger" in r:
        micro, digits = number(r["valueInteger"], place + ".valueInteger")
        return [micro, None, digits, None, None, None]
    return [*NO_QUANTITY, None, None, _words_value(r, place)]


def _normal(r: Resource, place: str) -> list[Any]:
    """Low and high of the normal range: the first range said to be normal, or of no stated type."""
    for sent in r.get("referenceRange") or ():
        if code_in(sent.get("type")) in (None, "normal"):
            where = place + ".referenceRange"
            return [*quantity(sent, "low", where), *quantity(sent, "high", where)]
    return [*NO_QUANTITY, *NO_QUANTITY]


def _category(sent: Any) -> str | None:
    """FHIR's own category (laboratory, vital-signs, ...) where it is named, else the first one."""
    if not sent:
        return None
    if len(sent) > 1:
        for codeable in sent:
            for coding in codings(codeable):
                if coding.get("system") == OBSERVATION_CATEGORY and coding.get("code"):
                    return str(coding["code"])
    return code_in(sent[0])


def began(start: When, end: When) -> When:
    """When what lasted began; nothing for a moment. Without an end it began when it is said to have been."""
    is_moment = (start.from_day, start.to_day, start.at) == (end.from_day, end.to_day, end.at)  # in whatever zone
    return NOTHING if is_moment else start


def map_observation(r: Resource, ctx: MappingContext) -> Mapped:
    """One measurement or finding, and a row for each of its components."""
    status = status_of(r, OBSERVATION)
    if not r.get("code"):
        raise MappingError("Observation.code", "it does not say what was observed")
    category = _category(r.get("category"))
    started, ended = moments(r, "effective", ctx)
    taken = latest(started, ended)
    issued = when(r, "issued", ctx)
    not_done = ctx.concept(not_done_reason(r))
    body_site = ctx.concept(r.get("bodySite"))
    context = [
        ctx.ref(r.get("encounter")),
        ctx.ref(first(r, "basedOn")),
        ctx.ref(first(r, "performer")),
    ]

    def row(part: Resource, fragment: str, parent: int | None, place: str) -> Row:
        values = [
            status,
            ctx.concept(part.get("code")),
            category,
            *taken,
            *issued,
            *_value(part, ctx, place),
            code_in(first(part, "interpretation")),
            ctx.concept(part.get("dataAbsentReason")),
            *_normal(part, place),
            body_site,
            parent,
            *context,
            *began(started, ended),
            not_done,
        ]
        return "observation", fragment, values

    rows = [row(r, "", None, "Observation")]
    for index, component in enumerate(r.get("component") or ()):
        need(component, dict, "Observation.component")
        rows.append(row(component, f"component-{index}", ctx.own_id, "Observation.component"))
    return Mapped(rows, patient_in(r, "subject"), status == "entered-in-error")


def map_diagnostic_report(r: Resource, ctx: MappingContext) -> Mapped:
    """A report of a test, image or pathology."""
    status = status_of(r, REPORT)
    values = [
        status,
        ctx.concept(r.get("code")),
        code_in(first(r, "category")),
        *latest(*moments(r, "effective", ctx)),
        *when(r, "issued", ctx),
        ctx.concept(first(r, "conclusionCode")),
        words(r, "conclusion"),
        ctx.ref(r.get("encounter")),
        ctx.ref(first(r, "basedOn")),
    ]
    return Mapped([("diagnostic_report", "", values)], patient_in(r, "subject"), status == "entered-in-error")


def map_procedure(r: Resource, ctx: MappingContext) -> Mapped:
    """Something done, or not done."""
    status = status_of(r, PROCEDURE)
    started, ended = moments(r, "performed", ctx)
    values = [
        status,
        ctx.concept(r.get("code")),
        ctx.concept(r.get("statusReason")),
        *latest(started, ended),
        *began(started, ended),
        ctx.concept(first(r, "reasonCode")),
        ctx.concept(first(r, "bodySite")),
        ctx.ref(r.get("encounter")),
        ctx.ref(first(r, "basedOn")),
        *when(extension(r, "qicore-recorded", "procedure-recorded") or {}, "valueDateTime", ctx, "Procedure.extension"),
    ]
    return Mapped([("procedure", "", values)], patient_in(r, "subject"), status == "entered-in-error")


def map_document_reference(r: Resource, ctx: MappingContext) -> Mapped:
    """A document that is kept somewhere."""
    status = status_of(r, DOCUMENT)
    attachment = (first(r, "content") or {}).get("attachment") or {}
    written = when(r, "date", ctx)
    if written.from_day is None:
        written = when(attachment, "creation", ctx, "DocumentReference.content.attachment")
    values = [
        status,
        words(r, "docStatus"),
        ctx.concept(r.get("type")),
        *written,
        ctx.ref(first(r.get("context") or {}, "encounter")),
        words(r, "description") or words(attachment, "title", "DocumentReference.content.attachment"),
    ]
    withdrawn = "entered-in-error" in (status, r.get("docStatus"))
    return Mapped([("document_reference", "", values)], patient_in(r, "subject"), withdrawn)


def _answer(sent: Resource, ctx: MappingContext) -> list[Any]:
    """answer_code, answer (three columns), answer_words, is_yes."""
    place = "QuestionnaireResponse.item.answer"
    if "valueCoding" in sent:
        coding = sent["valueCoding"]
        return [of_coding(ctx, coding), *NO_QUANTITY, words(coding, "display", place) if coding else None, None]
    if "valueBoolean" in sent:
        return [None, *NO_QUANTITY, None, flag(sent, "valueBoolean", place)]
    if "valueQuantity" in sent:
        return [None, *quantity(sent, "valueQuantity", place), None, None]
    for element in ("valueDecimal", "valueInteger"):
        if element in sent:
            micro, digits = number(sent[element], f"{place}.{element}")
            return [None, micro, None, digits, None, None]
    for element in ("valueString", "valueDate", "valueDateTime", "valueTime", "valueUri"):
        if element in sent:
            return [None, *NO_QUANTITY, words(sent, element, place), None]
    reference = sent.get("valueReference")
    return [None, *NO_QUANTITY, words(reference, "display", place) if reference else None, None]


def map_questionnaire_response(r: Resource, ctx: MappingContext) -> Mapped:
    """A filled-in form, and a row for each of its answers."""
    status = status_of(r, RESPONSE)
    authored = when(r, "authored", ctx)
    values = [status, words(r, "questionnaire"), *authored, ctx.ref(r.get("encounter"))]
    rows: list[Row] = [("questionnaire_response", "", values)]
    waiting = list(reversed(r.get("item") or []))
    while waiting:  # a stack, not recursion: forms may be nested as deep as a sender likes
        item = waiting.pop()
        need(item, dict, "QuestionnaireResponse.item")
        link_id = words(item, "linkId", "QuestionnaireResponse.item")
        loinc = _LINK_LOINC.fullmatch(link_id or "")
        question = None
        if loinc:
            question = of_coding(ctx, {"system": "http://loinc.org", "code": loinc[1], "display": item.get("text")})
        answers = item.get("answer") or []
        for sent in answers:
            need(sent, dict, "QuestionnaireResponse.item.answer")
            answer = _answer(sent, ctx)
            # An answer without a value only groups the questions below it.
            if any(part is not None for part in answer):
                fact = [ctx.own_id, status, question, link_id, *authored, *answer]
                rows.append(("questionnaire_answer", f"answer-{len(rows) - 1}", fact))
        below = [*(item.get("item") or ()), *(child for sent in answers for child in sent.get("item") or ())]
        waiting.extend(reversed(below))
    subject = patient_in(r, "subject")
    return Mapped(rows, subject, status == "entered-in-error")

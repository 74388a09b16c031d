"""A value as people write it, checked and turned into what DHIS2 stores; a plain sentence when it cannot be."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

from tpi_dhis2.domain.dates import KnownDate
from tpi_dhis2.package.fields import FieldInfo

#: The limits of DHIS2 for stored values.
ATTRIBUTE_LIMIT = 1200
VALUE_LIMIT = 50_000
_INTEGERS = {"INTEGER": None, "INTEGER_POSITIVE": 1, "INTEGER_ZERO_OR_POSITIVE": 0}


_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_DIGITS = re.compile(r"[+-]?\d{1,30}")
#: Value types whose form the server checks, and what to call it.
_FORMS = {
    "ORGANISATION_UNIT": (re.compile(r"[A-Za-z][A-Za-z0-9]{10}"), "unit of the server"),
    "FILE_RESOURCE": (re.compile(r"[A-Za-z][A-Za-z0-9]{10}"), "UID of a file on the server"),
    "EMAIL": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "e-mail address"),
    "PHONE_NUMBER": (re.compile(r"[0-9+()#.\s/ext-]{6,50}"), "telephone number"),
    "URL": (re.compile(r"https?://[^\s/]+\.?\S*"), "address of a page (https://...)"),
}


class ValueProblem(ValueError):
    """Why a value cannot be taken, in plain words."""


def wire(field: FieldInfo, value: Any, limit: int = VALUE_LIMIT) -> str:
    """The value as DHIS2 stores it; ValueProblem when the field does not take it."""
    text = _text(value)
    if field.options is not None:
        return _option(field, text)
    if field.value_type in ("BOOLEAN", "TRUE_ONLY"):
        return _boolean(field.value_type, text)
    if field.value_type == "DATE":
        return _date(text)
    if field.value_type in _INTEGERS:
        return _integer(text, _INTEGERS[field.value_type])
    if field.value_type in ("NUMBER", "PERCENTAGE"):
        return _number(text, percentage=field.value_type == "PERCENTAGE")
    form = _FORMS.get(field.value_type)
    if form and not form[0].fullmatch(text):
        raise ValueProblem(f"'{text}' is no {form[1]}")
    if len(text) > limit:
        raise ValueProblem(f"the text has {len(text)} characters, at most {limit} can be stored")
    return text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str | int | float):
        try:
            return str(value).strip()
        except ValueError:  # more digits than Python writes out
            raise ValueProblem("the number is too long") from None
    raise ValueProblem(f"{'a list' if isinstance(value, list) else 'a table'} stands where one value is expected")


def _option(field: FieldInfo, text: str) -> str:
    options = field.options or {}
    if text in options:
        return text
    by_label = {label.casefold(): code for code, label in options.items()}
    if text.casefold() in by_label:
        return by_label[text.casefold()]
    some = ", ".join(list(options)[:8]) + (" ..." if len(options) > 8 else "")
    raise ValueProblem(f"'{text}' is not one of {some}")


def _boolean(value_type: str, text: str) -> str:
    word = {"true": "true", "yes": "true", "1": "true", "false": "false", "no": "false", "0": "false"}.get(text.lower())
    if word is None or (value_type == "TRUE_ONLY" and word == "false"):
        raise ValueProblem(f"'{text}' is not {'yes' if value_type == 'TRUE_ONLY' else 'yes or no'}")
    return word


def _date(text: str) -> str:
    try:
        return KnownDate.parse(text).first.isoformat()
    except ValueError as error:
        raise ValueProblem(str(error)) from None


def _integer(text: str, least: int | None) -> str:
    number = int(text) if _DIGITS.fullmatch(text) else _float(text)
    if number != int(number) or (least is not None and number < least):
        raise ValueProblem(f"'{text}' is not a whole number{f' from {least} up' if least is not None else ''}")
    return str(int(number))


def _number(text: str, *, percentage: bool) -> str:
    number = _float(text)
    if percentage and not 0 <= number <= 100:
        raise ValueProblem(f"'{text}' is not a percentage from 0 to 100")
    if _DECIMAL.fullmatch(text) and number:
        return text  # as it was written: a published 2.70 stays 2.70
    return str(int(number)) if number.is_integer() else repr(number)


def _float(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueProblem(f"'{text}' is not a number") from None
    if not math.isfinite(number):
        raise ValueProblem(f"'{text}' is not a number that can be stored")
    return number

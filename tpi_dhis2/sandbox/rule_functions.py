"""The functions of program rules (``d2:...``): what each takes and gives.

The tables of weight and height by age (``d2:zScore...``) and ``d2:extractDataMatrixValue`` are not part of the sandbox;
a rule that names them cannot be calculated and gives a warning, as any rule does that a server cannot calculate.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from tpi_dhis2.sandbox.expression import ExpressionError
from tpi_dhis2.sandbox.rule_case import Case, Value
from tpi_dhis2.sandbox.rule_values import modulo, to_number

Days = date | None
Number = float | None
ROUNDING = Context(prec=400, rounding=ROUND_HALF_UP)
MINUTES = 24 * 60


def _between(start: Days, end: Days) -> tuple[date, date]:
    if start is None or end is None:
        raise ExpressionError("start and end parameter must not be null")
    return start, end


def days_between(start: Days, end: Days) -> float:
    """Return the days from one day to another."""
    first, last = _between(start, end)
    return float((last - first).days)


def months_between(start: Days, end: Days) -> float:
    """Return the full months from one day to another; negative when the other is before."""
    first, last = _between(start, end)
    if last < first:
        return -months_between(last, first)
    return float((last.year - first.year) * 12 + last.month - first.month - (last.day < first.day))


def round_to(number: Number, digits: float | None = None) -> float:
    """Round to so many decimals, halves away from zero."""
    if number is None or not math.isfinite(number):
        return math.nan
    step = Decimal(1).scaleb(-int(digits or 0))
    return float(Decimal(repr(number)).quantize(step, context=ROUNDING))


def add_days(day: Days, days: Number) -> Days:
    """Return a day some days later."""
    return day if day is None or days is None else day + timedelta(days=int(days))


def substring(text: str | None, start: Number, end: Number) -> str:
    """Return the part of a text between two places."""
    return "" if text is None else text[max(int(start or 0), 0) : len(text) if end is None else max(int(end), 0)]


def split(text: str | None, delimiter: str | None, place: Number) -> str:
    """Return one of the parts of a text; the first is 0."""
    if text is None or not delimiter or place is None:
        return ""
    parts = text.split(delimiter)
    return parts[int(place)] if 0 <= place < len(parts) else ""


def right(text: str | None, length: Number) -> str:
    """Return the end of a text."""
    return "" if text is None or length is None else text[max(len(text) - int(length), 0) :]


def _whole(how: Callable[[float], int], number: Number) -> float:
    if number is None:
        return 0.0
    return float(how(number)) if math.isfinite(number) else number


def _numbers(value: Value | None) -> list[float]:
    return [to_number(each) or 0.0 for each in value.candidates] if value else []


def _in_items(text: str | None, *wanted: str | None) -> bool:
    return text is not None and all(each in text.split(",") for each in wanted)


def _in_text(text: str | None, *wanted: str | None) -> bool:
    return text is not None and all(each is not None and each in text for each in wanted)


def _last_date(value: Value | None) -> Days:
    return date.fromisoformat(value.date) if value and value.date else None


#: What a function takes: a letter for each argument; before ``*`` as many as are given, after ``?`` one or none.
#: n number, b yes or no, t text, d day, m any, v the variable itself.
FUNCTIONS: dict[str, tuple[str, Callable[..., Any]]] = {
    "d2:addDays": ("dn", add_days),
    "d2:ceil": ("n", lambda number: _whole(math.ceil, number)),
    "d2:concatenate": ("t*", lambda *texts: "".join(text for text in texts if text is not None)),
    "d2:condition": ("bmm", lambda condition, then, other: then if condition else other),
    "d2:contains": ("tt*", _in_text),
    "d2:containsItems": ("tt*", _in_items),
    "d2:count": ("v", lambda value: len(value.candidates) if value else 0),
    "d2:countIfValue": ("vt", lambda value, text: value.candidates.count(text) if value else 0),
    "d2:countIfZeroPos": ("v", lambda value: sum(number >= 0 for number in _numbers(value))),
    "d2:daysBetween": ("dd", days_between),
    "d2:floor": ("n", lambda number: _whole(math.floor, number)),
    "d2:lastEventDate": ("v", _last_date),
    "d2:left": ("tn", lambda text, length: "" if text is None or length is None else text[: int(length)]),
    "d2:length": ("t", lambda text: len(text or "")),
    "d2:maxValue": ("v", lambda value: max(_numbers(value), default=math.nan)),
    "d2:minValue": ("v", lambda value: min(_numbers(value), default=math.nan)),
    "d2:minutesBetween": ("dd", lambda start, end: days_between(start, end) * MINUTES),
    "d2:modulus": ("nn", modulo),
    "d2:monthsBetween": ("dd", months_between),
    "d2:oizp": ("n", lambda number: 1.0 if number is not None and number >= 0 else 0.0),
    "d2:right": ("tn", right),
    "d2:round": ("n?n", round_to),
    "d2:split": ("ttn", split),
    "d2:substring": ("tnn", substring),
    "d2:validatePattern": ("tt", lambda text, form: None not in (text, form) and bool(re.fullmatch(form, text))),
    "d2:weeksBetween": ("dd", lambda start, end: float(int(days_between(start, end) / 7))),
    "d2:yearsBetween": ("dd", lambda start, end: float(int(months_between(start, end) / 12))),
    "d2:zing": ("n", lambda number: 0.0 if number is not None and number < 0 else number),
    "d2:zpvc": ("n*", lambda *numbers: sum(number is not None and number >= 0 for number in numbers)),
}
#: Functions that always give a number.
NUMERIC = {"d2:ceil", "d2:daysBetween", "d2:floor", "d2:monthsBetween", "d2:oizp", "d2:round", "d2:weeksBetween",
           "d2:yearsBetween"}  # fmt: skip
#: Functions that ask who imports, or for the org unit.
OF_CASE: dict[str, Callable[[Case, str | None], bool]] = {
    "d2:hasUserRole": lambda case, uid: uid in case.around.own("userRoles"),
    "d2:inUserGroup": lambda case, uid: uid in case.around.own("userGroups"),
    "d2:inOrgUnitGroup": lambda case, uid: case.unit() in case.around.members(uid),
}

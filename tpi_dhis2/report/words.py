"""How values are said in documents: dates, numbers, money, and the words for what is absent.

Nothing absent becomes a zero here: a value that was not recorded stays None until a template says so in words.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Protocol

from tpi_dhis2.domain.dates import DAY, MONTH, YEAR, KnownDate
from tpi_dhis2.domain.records import Record

NOT_RECORDED = "not recorded"
NO_DATA = "no data"
NOT_STATED = "not stated"
#: A narrow space at which no line breaks, for thousands and before units.
THIN = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
#: A plain decimal number with as many decimals as a publication may give.
_WRITTEN = re.compile(r"(-?)(\d{1,15})\.(\d{1,4})")
_QUALIFIERS = {"ABOUT": "about ", "AT_LEAST": "at least ", "AT_MOST": "at most "}


class Labels(Protocol):
    """The words of the forms: what a field and what an option of a field is called."""

    def show(self, key: str, value: str | None) -> str | None:
        """The label of an option code of a field, or the value itself; None stays None."""

    def label(self, key: str) -> str:
        """The label of a field in the form."""


def number(value: float | None, decimals: int = 2) -> str | None:
    """A number for people: thousands in groups, no needless zeros, a real minus sign; None stays None."""
    if value is None:
        return None
    text = f"{value:,.{decimals}f}".replace(",", THIN)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", MINUS)


def as_written(text: str | None) -> str | None:
    """A number as somebody wrote it, a trailing zero kept ("2.70"); one with many decimals as any other number."""
    match = _WRITTEN.fullmatch(text or "")
    if match is None:
        try:
            return number(None if text is None else float(text))
        except ValueError:
            return text
    sign, whole, decimals = match.groups()
    return f"{MINUS if sign else ''}{number(int(whole))}.{decimals}"


def signed(value: float, decimals: int = 2) -> str:
    """A number that always shows its sign, as for a difference."""
    text = number(value, decimals) or "0"
    return text if value <= 0 or text == "0" else f"+{text}"


def qualified(text: str | None, qualifier: str | None) -> str | None:
    """A value with how exact it is: "about 70", "at least 500"."""
    return None if text is None else _QUALIFIERS.get(qualifier or "", "") + text


def with_unit(value: float | str | None, unit: str | None, qualifier: str | None = None) -> str | None:
    """A value of a measure with its unit: "71.5 %", "about 13 points"; a text is taken as it is."""
    text = value if isinstance(value, str) else number(value)
    if text is None:
        return None
    return qualified(f"{text}{THIN}{unit}" if unit else text, qualifier)


def percent(value: float | None, decimals: int = 0) -> str | None:
    """A percentage for people."""
    return with_unit(None if value is None else round(value, decimals), "%")


def money(value: float | None, currency: str | None, qualifier: str | None = None) -> str | None:
    """A sum with its currency: "USD 12 000", "about EUR 1 000 000"."""
    text = number(value)
    if text is None:
        return None
    if currency is None:
        return qualified(f"{text} (currency {NOT_RECORDED})", qualifier)
    if currency == "LOCAL":
        return qualified(f"{text} (local currency)", qualifier)
    return qualified(f"{currency}{THIN}{text}", qualifier)


def day(date: dt.date) -> str:
    """A day in full: "2 December 2016"."""
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


def date(known: KnownDate | None) -> str:
    """A date no more exact than it is known: "2 December 2016", "August 2016", "2017" or "not stated"."""
    if known is None:
        return NOT_STATED
    month = _MONTHS[known.first.month - 1]
    forms = {DAY: day(known.first), MONTH: f"{month} {known.first.year}", YEAR: str(known.first.year)}
    return forms.get(known.known, NOT_STATED)


def short_date(known: KnownDate | None) -> str:
    """The same with the month in three letters, for charts."""
    text = date(known)
    for month in _MONTHS:
        text = text.replace(month, month[:3])
    return text


def field_date(record: Record, key: str) -> str | None:
    """A date field of a record in words; None when it was not recorded."""
    return None if record.day(key) is None else date(record.known_day(key))


def sentence(parts: Iterable[str]) -> str:
    """The parts as a list in words: "a, b and c"."""
    listed = list(parts)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} and {listed[-1]}"


def counted(count: int, one: str, many: str) -> str:
    """A count with its noun: "1 visit", "3 visits"."""
    return f"{number(count)} {one if count == 1 else many}"

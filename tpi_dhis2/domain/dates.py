"""Dates as people know them: to the day, the month or the year, or not at all.

A partnership's papers often give a month or a year only. DHIS2 stores full dates, so the first day of the known
period is stored, and the record's own field ``date_known`` says how much of it is true. Nothing more exact than what
was known is ever shown.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from dataclasses import dataclass

DAY, MONTH, YEAR, NOT_STATED = "DAY", "MONTH", "YEAR", "NOT_STATED"

_PATTERN = re.compile(r"^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$")


@dataclass(frozen=True, order=True)
class KnownDate:
    """A date and how exactly it is known (``DAY``, ``MONTH``, ``YEAR`` or ``NOT_STATED``)."""

    first: dt.date
    known: str = DAY

    @classmethod
    def parse(cls, text: str) -> KnownDate:
        """Read ``2016``, ``2016-08`` or ``2016-08-30``; ValueError for anything else."""
        match = _PATTERN.match(text.strip())
        if not match:
            raise ValueError(f"'{text}' is not a date; write it as 2016-08-30, 2016-08 or 2016")
        year, month, day = match.groups()
        try:
            first = dt.date(int(year), int(month or 1), int(day or 1))
        except ValueError:
            raise ValueError(f"'{text}' is not a day of the calendar") from None
        return cls(first, DAY if day else MONTH if month else YEAR)

    @property
    def last(self) -> dt.date:
        """The last day that the date can mean: something due in 2016 is overdue from 2017 on."""
        if self.known == YEAR:
            return dt.date(self.first.year, 12, 31)
        if self.known == MONTH:
            return dt.date(self.first.year, self.first.month, monthrange(self.first.year, self.first.month)[1])
        return self.first

    def __str__(self) -> str:
        """The ISO form, no longer than what is known; empty when nothing is known."""
        length = {DAY: 10, MONTH: 7, YEAR: 4}.get(self.known, 0)
        return self.first.isoformat()[:length]


def iso_date(text: str | None) -> dt.date | None:
    """The day of an ISO date or timestamp as DHIS2 writes it; None for none or for what is no date."""
    try:
        return dt.date.fromisoformat((text or "")[:10])
    except ValueError:
        return None

"""Reporting periods of aggregate data, as an ISO calendar has them, with the names that DHIS2 gives them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

#: The months in a period of each type.
MONTHS = {"Monthly": 1, "Quarterly": 3, "SixMonthly": 6, "Yearly": 12}
#: How a period is named: for DHIS2, and for people.
_NAMES = {
    "Monthly": ("{year}{number:02}", "{year}-{number:02}"),
    "Quarterly": ("{year}Q{number}", "{year} Q{number}"),
    "SixMonthly": ("{year}S{number}", "{year} half {number}"),
    "Yearly": ("{year}", "{year}"),
}


@dataclass(frozen=True)
class Period:
    """A month, quarter, half-year or year: what DHIS2 calls it, how people read it, its first and last day."""

    id: str
    label: str
    first: dt.date
    last: dt.date

    def holds(self, first: dt.date, last: dt.date) -> bool:
        """Whether all days from one to another are days of this period."""
        return self.first <= first and last <= self.last


def ended(kind: str, since: dt.date, until: dt.date) -> Iterator[Period]:
    """The periods of a type (a key of ``MONTHS``) whose last day is from ``since`` to ``until``, oldest first."""
    month = since.year * 12 + (since.month - 1) // MONTHS[kind] * MONTHS[kind]
    while (period := _period(kind, month)).last <= until:
        if period.last >= since:
            yield period
        month += MONTHS[kind]


def _period(kind: str, month: int) -> Period:
    """The period that begins with a month, counted from the year 0."""
    (year, before), size = divmod(month, 12), MONTHS[kind]
    uid, label = (name.format(year=year, number=before // size + 1) for name in _NAMES[kind])
    return Period(uid, label, _first(month), _first(month + size) - dt.timedelta(days=1))


def _first(month: int) -> dt.date:
    return dt.date(month // 12, month % 12 + 1, 1)

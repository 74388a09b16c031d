"""A partnership and its records, as they were tracked: the one shape that sync, store and reports share.

Values are kept as DHIS2 stores them, as text by field key; a field that was not recorded is absent. ``number``,
``date`` and ``text`` read them, and give None for what is absent: a missing value is never zero.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tpi_dhis2.domain.dates import DAY, NOT_STATED, KnownDate, iso_date

Values = Mapping[str, str]

#: The kinds of record, one a program stage, in the order of the six steps.
KINDS = (
    "agreement",
    "needs",
    "priority",
    "plan",
    "target",
    "activity",
    "measurement",
    "contact",
    "spread",
    "impact",
    "functioning",
)


class Readable:
    """Typed reading of ``values``."""

    values: Values

    def text(self, key: str) -> str | None:
        """The value as it is stored; None when it was not recorded."""
        return self.values.get(key) or None

    def number(self, key: str) -> float | None:
        """The value as a number; None when it was not recorded or is no (finite) number."""
        text = self.values.get(key)
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            return None
        return number if math.isfinite(number) else None

    def day(self, key: str) -> dt.date | None:
        """The value as a date; None when it was not recorded."""
        text = self.values.get(key)
        return iso_date(text) if text else None

    def yes(self, key: str) -> bool | None:
        """The value of a yes/no field; None when it was not answered."""
        return {"true": True, "false": False}.get(self.values.get(key, ""))


@dataclass(frozen=True)
class Measure:
    """Which measure a record speaks of; two records are comparable only when this is equal."""

    code: str
    other: str | None = None


@dataclass(frozen=True)
class Record(Readable):
    """One event: an agreement, a priority, a target, an activity, a measurement ..."""

    uid: str
    kind: str
    values: Values
    occurred: dt.date | None = None
    status: str = "ACTIVE"

    @cached_property
    def date(self) -> KnownDate | None:
        """The record's date, as exactly as it is known; None when it is not stated."""
        return self.known(self.occurred)

    @cached_property
    def measure(self) -> Measure | None:
        """The measure that a target, priority or measurement names; None when it names none."""
        code, other = self.text("measure"), self.text("measure_other")
        if code in (None, "OTHER"):
            return Measure("OTHER", other.strip()) if other else None
        return Measure(code or "")

    def known_day(self, key: str) -> KnownDate | None:
        """A date field, as exactly as this record's dates are known; to the day when only the record's own is not."""
        day, precision = self.day(key), self.text("date_known") or DAY
        return None if day is None else KnownDate(day, DAY if precision == NOT_STATED else precision)

    def known(self, day: dt.date | None) -> KnownDate | None:
        """A day of this record, as exactly as this record's dates are known."""
        precision = self.text("date_known") or DAY
        if day is None or precision == NOT_STATED:
            return None
        return KnownDate(day, precision)


@dataclass(frozen=True)
class Cycle:
    """One pass through the six steps: an enrollment and its records."""

    uid: str
    began: dt.date
    status: str = "ACTIVE"
    records: tuple[Record, ...] = ()

    def of(self, kind: str) -> list[Record]:
        """The records of a kind, oldest first."""
        return list(self._by_kind.get(kind, ()))

    @cached_property
    def _by_kind(self) -> dict[str, list[Record]]:
        """The records by kind, oldest first: each target asks for all measurements of its cycle."""
        found: dict[str, list[Record]] = {}
        for record in sorted(self.records, key=lambda record: (record.occurred or dt.date.max, record.uid)):
            found.setdefault(record.kind, []).append(record)
        return found

    def measured(self, measure: Measure) -> Sequence[Record]:
        """The measurements of a measure, oldest first."""
        return self._by_measure.get(measure, ())

    @cached_property
    def _by_measure(self) -> dict[Measure | None, list[Record]]:
        found: dict[Measure | None, list[Record]] = {}
        for record in self.of("measurement"):
            found.setdefault(record.measure, []).append(record)
        return found

    def one(self, kind: str) -> Record | None:
        """The newest record of a kind that a cycle has once (agreement, plan); None when there is none."""
        found = self.of(kind)
        return found[-1] if found else None

    def numbered(self, kind: str, number_key: str) -> list[Record]:
        """The records of a kind by their number; those without one last."""
        return sorted(self.of(kind), key=lambda record: (record.number(number_key) or float("inf"), record.uid))

    @property
    def started(self) -> KnownDate | None:
        """When the cycle began: when both arms agreed, as exactly as that is known; else when it was enrolled."""
        agreement = self.one("agreement")
        return agreement.date if agreement else KnownDate(self.began)


@dataclass(frozen=True)
class Partnership(Readable):
    """Two institutions and what was recorded of their cycles; ``values`` are the attributes."""

    uid: str
    values: Values
    host_name: str | None = None
    unit: str | None = None
    cycles: tuple[Cycle, ...] = field(default=())

    @property
    def name(self) -> str:
        """What to call it: its name, else its code, else its UID."""
        return self.text("name") or self.text("code") or self.uid

    @property
    def latest(self) -> Cycle | None:
        """The cycle that began last."""
        return max(self.cycles, key=lambda cycle: (cycle.began, cycle.uid), default=None)

    def __iter__(self) -> Iterator[Cycle]:
        """The cycles, oldest first."""
        return iter(sorted(self.cycles, key=lambda cycle: (cycle.began, cycle.uid)))

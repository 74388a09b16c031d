"""Which values of the HMIS a partnership is to have: of the measures it works on, period by period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from tpi_dhis2.domain.measures import series, starts
from tpi_dhis2.domain.periods import Period, ended
from tpi_dhis2.domain.records import Cycle, Measure, Partnership, Record
from tpi_dhis2.domain.steps import ONLY_PLANNED
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.sync.hmis_file import HmisMapping

BASELINE, FOLLOW_UP = "BASELINE", "FOLLOW_UP"
#: How long before the cycle a baseline may lie.
_YEAR = dt.timedelta(days=365)
_NAMES_MEASURES = ("priority", "target", "measurement")


@dataclass(frozen=True)
class Slot:
    """One measurement that the HMIS may give; ``measured`` is what the cycle has of the measure already."""

    partnership: Partnership
    cycle: Cycle
    measure: str
    period: Period
    point: str
    measured: tuple[Record, ...] = ()

    @property
    def uid(self) -> str:
        """The UID of the measurement: the same however often it is pulled."""
        return derive_uid("hmis", self.cycle.uid, self.measure, self.period.id)

    @property
    def is_taken(self) -> bool:
        """Whether somebody has measured it in this period: a second value would only contradict the first."""
        near = [each for each in self.measured if each.occurred and self.period.holds(each.occurred, each.occurred)]
        within = [each.uid for each in near if each.date and self.period.holds(each.date.first, each.date.last)]
        return any(uid != self.uid for uid in within)

    @property
    def is_wanted(self) -> bool:
        """Whether it may be made: before the cycle only what is its baseline already, or may be, as there is none."""
        if self.point == FOLLOW_UP:
            return True
        marked = {record.uid for record in starts(self.measured)}
        return not marked or self.uid in marked


def active_cycle(partnership: Partnership) -> Cycle | None:
    """The latest cycle that goes on."""
    return next((cycle for cycle in reversed(list(partnership)) if cycle.status == "ACTIVE"), None)


def slots(partnership: Partnership, cycle: Cycle, mapping: HmisMapping, today: dt.date) -> list[Slot]:
    """The complete periods of each mapped measure that the cycle names, oldest first.

    A period in which the cycle began is neither before nor after it, and left out. Before it only what may be the
    baseline is asked for. Nothing when nobody stated when the cycle began.
    """
    began = cycle.started
    if began is None:
        return []
    yesterday = today - dt.timedelta(days=1)
    periods = [
        (period, BASELINE if period.last < began.first else FOLLOW_UP)
        for period in ended(mapping.period, began.first - _YEAR, yesterday)
        if period.last < began.first or period.first >= began.last
        if mapping.since is None or period.first >= mapping.since
    ]
    measured = {measure: _measured(cycle, measure) for measure in _measures(cycle, mapping.measures)}
    found = [Slot(partnership, cycle, code, *when, measured[code]) for code in measured for when in periods]
    return [slot for slot in found if slot.is_wanted]


def _measures(cycle: Cycle, mapped: Iterable[str]) -> list[str]:
    named = {record.measure for record in cycle.records if record.kind in _NAMES_MEASURES}
    return [code for code in mapped if Measure(code) in named]


def _measured(cycle: Cycle, measure: str) -> tuple[Record, ...]:
    found = series(cycle, Measure(measure))
    return tuple(record for record in found if record.status not in ONLY_PLANNED)

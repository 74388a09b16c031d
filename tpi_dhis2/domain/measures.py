"""Measurements and targets: latest values, progress and results (reference: domain page 2.4 and 3.2, own design).

``NO_DATA`` is kept apart from ``NOT_MET``: what nobody measured is neither success nor failure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from tpi_dhis2.domain.records import Cycle, Measure, Record

HIGHER, LOWER = "HIGHER", "LOWER"
MET, NOT_MET, NOT_YET_DUE, NO_DATA = "MET", "NOT_MET", "NOT_YET_DUE", "NO_DATA"

#: Which way each core measure should go; a measure of another name says so itself.
CORE_DIRECTIONS = {
    "HH_COMPL": HIGHER,
    "HH_KNOW": HIGHER,
    "ABHR_POC": HIGHER,
    "SSI_RATE": LOWER,
    "HAI_PREV": LOWER,
    "SSC_USE": HIGHER,
    "SHARPS": LOWER,
    "WASTE_SEG": HIGHER,
    "INP_DEATH": LOWER,
    "MAT_DEATH": LOWER,
    "STILLB_FRESH": LOWER,
    "NEO_DEATH": LOWER,
    "WATER_DAYS": HIGHER,
    "QI_MEET": HIGHER,
    "PAT_EXP": HIGHER,
}
#: What numerator over denominator is multiplied with to give the value of a core measure; the others are percentages.
CORE_FACTORS = {"HH_KNOW": 1, "INP_DEATH": 1000, "MAT_DEATH": 1000, "STILLB_FRESH": 1000, "NEO_DEATH": 1000}
#: Below this denominator a rate is a small sample (own rule, to be read with care).
SMALL_SAMPLE = 30
_POINT_ORDER = {"BASELINE": 0, "FOLLOW_UP": 1, "LATER": 2}


def direction(record: Record) -> str | None:
    """The direction wanted: as recorded, else as the core measure has it; None when unknown."""
    return record.text("direction") or CORE_DIRECTIONS.get(record.text("measure") or "")


def directed(change: float | None, record: Record) -> float | None:
    """A change counted in the direction that is wanted: positive is better; None when either is unknown."""
    wanted = direction(record)
    if change is None or wanted is None:
        return None
    return change if wanted == HIGHER else -change


def value(record: Record) -> float | None:
    """The value of a measurement: as recorded, else from numerator and denominator; None when neither is there."""
    stated = record.number("value")
    return stated if stated is not None else _ratio(record, _factor(record))


def rate(record: Record) -> float | None:
    """What numerator and denominator give for a core measure; None for a local one, whose factor is only guessed."""
    return _ratio(record, _factor(record)) if record.text("measure") in CORE_DIRECTIONS else None


def _ratio(record: Record, factor: int | None) -> float | None:
    """Multiplied first: the rule engine does so, whatever the order, and whole numbers stay exact."""
    top, bottom = record.number("numerator"), record.number("denominator")
    return None if top is None or not bottom or factor is None else top * factor / bottom


def _factor(record: Record) -> int | None:
    """How a measure comes from its numerator and denominator; unknown for a local one that is no percentage."""
    measure = record.text("measure") or "OTHER"
    if measure != "OTHER":
        return CORE_FACTORS.get(measure, 100)
    unit = (record.text("measure_unit") or "").lower()
    return 100 if "%" in unit or "percent" in unit else None


def is_small(record: Record) -> bool:
    """Whether the measurement rests on a denominator too small to read much into."""
    bottom = record.number("denominator")
    return bottom is not None and bottom < SMALL_SAMPLE


def series(cycle: Cycle, measure: Measure) -> list[Record]:
    """The measurements of a measure in order of time; those without a stated date by their point."""
    return sorted(cycle.measured(measure), key=_moment)


def _moment(record: Record) -> tuple[int, dt.date, int, str]:
    """Order of time; without a stated date a baseline comes before all and anything else after all, by its point."""
    point = _POINT_ORDER.get(record.text("point") or "", 1)
    if record.date is None:
        return (2 if point else 0, dt.date.max, point, record.uid)
    return (1, record.date.first, point, record.uid)


def latest(records: Iterable[Record]) -> Record | None:
    """The newest measurement that has a value."""
    with_value = [record for record in records if value(record) is not None]
    return max(with_value, key=_moment, default=None)


def baseline(target: Record, measurements: Iterable[Record]) -> float | None:
    """The starting value: as the target states it, else the measurement marked as baseline."""
    stated = target.number("baseline")
    if stated is not None:
        return stated
    marked = starts(measurements)
    return value(marked[0]) if marked else None


def progress(start: float | None, now: float | None, goal: float | None) -> float | None:
    """Percent of the way from baseline to target; negative when it became worse, over 100 when it went further.

    The formula is (now - start) / (goal - start) x 100 and serves both directions, since the signs cancel. None when a
    part is missing or the target equals its baseline.
    """
    if start is None or now is None or goal is None or goal == start:
        return None
    return (now - start) / (goal - start) * 100


def reached(now: float, goal: float, wanted: str) -> bool:
    """Whether a value is at the target or beyond it, in the direction wanted."""
    return now >= goal if wanted == HIGHER else now <= goal


def follow_ups(target: Record, measurements: Iterable[Record]) -> list[Record]:
    """The measurements that can tell what became of a target: not its baseline, nor anything before it."""
    start = target.day("baseline_date")
    return [
        record
        for record in measurements
        if record.text("point") != "BASELINE" and not (start and record.date and record.date.first <= start)
    ]


def result(target: Record, term: str, measurements: Iterable[Record], today: dt.date) -> str | None:
    """The result of the ``short`` or ``long`` term target; None when the term has no target.

    Met as soon as the newest follow-up is at the target or beyond. Not met only when the due date has passed and a
    follow-up was measured by then: without one there is no data, which is neither success nor failure.
    """
    goal, wanted, until = target.number(f"{term}_target"), direction(target), target.known_day(f"{term}_due")
    if goal is None:
        return None
    due = until.last if until else None
    found = follow_ups(target, measurements)
    if due is not None:
        found = [record for record in found if record.date is not None and record.date.first <= due]
    last = latest(found)
    now = value(last) if last is not None else None
    if now is not None and wanted is not None and reached(now, goal, wanted):
        return MET
    if due is None or today <= due:
        return NOT_YET_DUE
    return NO_DATA if now is None or wanted is None else NOT_MET


def starts(measurements: Iterable[Record]) -> list[Record]:
    """The measurements that are marked as baseline."""
    return [record for record in measurements if record.text("point") == "BASELINE"]

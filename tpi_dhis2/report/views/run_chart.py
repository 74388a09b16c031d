"""What a run chart shows: points, baseline and targets of one measure, before any drawing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from tpi_dhis2.domain import measures
from tpi_dhis2.domain.records import Record
from tpi_dhis2.report import words
from tpi_dhis2.report.views.common import Reader, Start, unit, written_value

#: A unit longer than this is left to the title of a chart.
_SHORT_UNIT = 3


@dataclass(frozen=True)
class Point:
    """One value of the series, placed by its date where one is known."""

    value: float
    text: str
    when: str
    day: dt.date | None
    baseline: bool = False
    small: bool = False


@dataclass(frozen=True)
class Goal:
    """A target to draw as a line."""

    name: str
    value: float
    text: str
    due: str | None


@dataclass(frozen=True)
class RunChart:
    """What a run chart shows."""

    title: str
    wanted: str | None
    points: tuple[Point, ...]
    baseline: float | None
    baseline_text: str | None
    goals: tuple[Goal, ...]

    @property
    def dated(self) -> bool:
        """Whether every point has a date, so that distances along the chart mean time."""
        return all(point.day is not None for point in self.points)


def run_chart(reader: Reader, anchor: Record, found: list[Record], start: Start, wanted: str | None) -> RunChart | None:
    """The chart of a measure; None when fewer than two values are known."""
    points = [_point(record) for record in found if measures.value(record) is not None]
    if start.value is not None and not any(point.baseline for point in points):
        points.insert(0, _stated_baseline(anchor, start, start.value))
    if len(points) < 2:
        return None
    if all(point.day is not None for point in points):
        points.sort(key=lambda point: point.day or dt.date.max)
    return RunChart(
        title=_charted(reader, anchor),
        wanted=wanted,
        points=tuple(points),
        baseline=start.value,
        baseline_text=start.text(_short_unit(anchor)),
        goals=tuple(goal for term in ("short", "long") if (goal := _goal(anchor, term))),
    )


def _charted(reader: Reader, anchor: Record) -> str:
    named, of = reader.measure(anchor) or words.NOT_RECORDED, anchor.text("measure_unit")
    return f"{named} ({of})" if of else named


def _point(record: Record) -> Point:
    known, value = record.date, measures.value(record) or 0.0
    return Point(
        value=value,
        text=_text(record),
        when=words.short_date(known),
        day=known.first if known else None,
        baseline=record.text("point") == "BASELINE",
        small=measures.is_small(record),
    )


def _text(record: Record) -> str:
    text = words.with_unit(written_value(record), _short_unit(record), record.text("value_qualifier"))
    return text or words.NO_DATA


def _stated_baseline(anchor: Record, start: Start, value: float) -> Point:
    known = anchor.known_day("baseline_date")
    text = start.text(_short_unit(anchor)) or words.NO_DATA
    return Point(value, text, words.short_date(known), known.first if known else None, baseline=True)


def _goal(anchor: Record, term: str) -> Goal | None:
    value = anchor.number(f"{term}_target")
    if value is None:
        return None
    due, written = anchor.known_day(f"{term}_due"), words.as_written(anchor.text(f"{term}_target"))
    text = words.with_unit(written, _short_unit(anchor)) or words.NO_DATA
    return Goal(f"{term} target", value, text, words.short_date(due) if due else None)


def _short_unit(record: Record) -> str | None:
    """The unit where it is short enough to stand in a chart."""
    of = unit(record)
    return of if of and len(of) <= _SHORT_UNIT else None

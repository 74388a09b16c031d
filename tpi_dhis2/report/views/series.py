"""One measure over time: its points, what can be said of them in plain words, and its run chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tpi_dhis2.domain import measures
from tpi_dhis2.domain.measures import HIGHER
from tpi_dhis2.domain.records import Cycle, Measure, Record
from tpi_dhis2.report import words
from tpi_dhis2.report.views.common import Reader, Start, happened, starting, unit, written_value
from tpi_dhis2.report.views.run_chart import RunChart, run_chart

IMPROVED, WORSE, SAME, UNKNOWN, NO_DATA = "IMPROVED", "WORSE", "SAME", "UNKNOWN", "NO_DATA"

#: The part of a gain that must be lost before it is called faded (own rule); less is "a little worse".
FADED = 0.1


@dataclass(frozen=True)
class Row:
    """One measurement as it was recorded: a value, or only a change."""

    when: str
    point: str | None
    value: str | None
    parts: str | None
    change: str | None
    source: str | None
    small: bool


@dataclass(frozen=True)
class Series:
    """A measure of the cycle and what became of it; ``story`` is the code, ``finding`` and ``notes`` the words.

    ``has_target`` says that a target quotes the notes already; ``lost`` is the best earlier follow-up when the newest
    one is worse than it.
    """

    title: str
    wanted: str | None
    rows: tuple[Row, ...]
    chart: RunChart | None
    story: str
    finding: str
    notes: tuple[str, ...]
    lost: str | None
    has_target: bool

    @property
    def has_change(self) -> bool:
        """Whether a measurement states a change instead of a value."""
        return any(row.change for row in self.rows)


def all_series(reader: Reader, cycle: Cycle) -> list[Series]:
    """The series of every measure that a target, a priority or a measurement names, in this order."""
    anchors = cycle.numbered("target", "target_no") + cycle.numbered("priority", "priority_no")
    first: dict[Measure, Record] = {}
    for record in anchors + cycle.of("measurement"):
        if (measure := record.measure) is not None:
            first.setdefault(measure, record)
    kept = {
        measure: anchor for measure, anchor in first.items() if anchor.kind != "priority" or _measured(cycle, measure)
    }
    return [series(reader, cycle, measure, anchor) for measure, anchor in kept.items()]


def series(reader: Reader, cycle: Cycle, measure: Measure, anchor: Record) -> Series:
    """The series of a measure; ``anchor`` is the target, priority or measurement that describes it."""
    found = happened(measures.series(cycle, measure))
    start = starting(cycle, anchor)
    later = [record for record in measures.follow_ups(anchor, found) if measures.value(record) is not None]
    wanted = measures.direction(anchor) or next(filter(None, map(measures.direction, found)), None)
    story, finding = _finding(start, later, found, wanted, unit(anchor))
    dip = faded(later, wanted)
    return Series(
        title=reader.measure(anchor) or words.NOT_RECORDED,
        wanted=reader.labels.show("direction", wanted),
        rows=tuple(_row(reader, record) for record in found),
        chart=run_chart(reader, anchor, found, start, wanted),
        story=story,
        finding=finding,
        notes=tuple(_notes(start, later, wanted, dip, unit(anchor))),
        lost=_valued(dip) if dip is not None else None,
        has_target=anchor.kind == "target",
    )


def better(one: float, other: float, wanted: str) -> bool:
    """Whether one value is truly better than another in the direction wanted."""
    return one > other if wanted == HIGHER else one < other


def faded(later: Sequence[Record], wanted: str | None) -> Record | None:
    """The best earlier follow-up, when the newest one is worse than it; None when nothing was lost."""
    if wanted is None or len(later) < 2:
        return None
    sign = 1 if wanted == HIGHER else -1
    best = max(later[:-1], key=lambda record: sign * (measures.value(record) or 0))
    now, then = measures.value(later[-1]), measures.value(best)
    return best if now is not None and then is not None and better(then, now, wanted) else None


def shown(record: Record) -> str:
    """The value of a measurement in words, with its unit and how exact it is."""
    return words.with_unit(written_value(record), unit(record), record.text("value_qualifier")) or words.NO_DATA


def change(record: Record) -> str | None:
    """A change that is known without the values behind it; None when none is stated."""
    stated = record.number("change_stated")
    if stated is None:
        return None
    text = words.qualified(f"{words.signed(stated)}{words.THIN}%", record.text("value_qualifier"))
    return f"{text}, compared with: {record.text('compared_with') or words.NOT_RECORDED}"


def _valued(record: Record) -> str:
    return f"{shown(record)} ({words.date(record.date) if record.date else 'date ' + words.NOT_STATED})"


def _measured(cycle: Cycle, measure: Measure) -> bool:
    return bool(happened(measures.series(cycle, measure)))


def _finding(
    start: Start, later: list[Record], found: list[Record], wanted: str | None, of: str | None
) -> tuple[str, str]:
    if not later:
        return _without_values(found, wanted)
    now = measures.value(later[-1])
    if start.value is None or now is None:
        return UNKNOWN, f"{shown(later[-1])}, but no baseline is recorded to compare it with"
    path = f"from {start.text(of)} to {shown(later[-1])}"
    if wanted is None:
        return UNKNOWN, f"{path}, but the direction wanted is {words.NOT_RECORDED}"
    if now == start.value:
        return SAME, f"unchanged at {shown(later[-1])}"
    return (IMPROVED, path) if better(now, start.value, wanted) else (WORSE, path)


def _without_values(found: list[Record], wanted: str | None) -> tuple[str, str]:
    changes = [record for record in found if record.number("change_stated") is not None]
    if not changes:
        return NO_DATA, "only a baseline is recorded" if found else "no measurement is recorded"
    stated = changes[-1].number("change_stated") or 0.0
    said = f"{change(changes[-1])} (only the change is known)"
    if wanted is None:
        return UNKNOWN, said
    if stated == 0:
        return SAME, said
    return (IMPROVED, said) if better(stated, 0, wanted) else (WORSE, said)


def _notes(start: Start, later: list[Record], wanted: str | None, dip: Record | None, of: str | None) -> list[str]:
    if not later or wanted is None:
        return []
    last, notes = later[-1], []
    now = measures.value(last)
    if dip is not None:
        notes.append(f"{_loss(start.value, dip, now, wanted)}: {_valued(dip)}, then {_valued(last)}.")
    if start.value is not None and now is not None and better(start.value, now, wanted):
        notes.append(f"Worse than the baseline: {shown(last)} now, {start.text(of)} at the start.")
    if measures.is_small(last):
        notes.append(f"The latest value rests on fewer than {measures.SMALL_SAMPLE} observations: read it with care.")
    return notes


def _loss(start: float | None, dip: Record, now: float | None, wanted: str) -> str:
    """What to call it that the newest follow-up is worse than an earlier one."""
    had = measures.value(dip)
    if start is None or had is None or now is None or not better(had, start, wanted):
        return "Worse than an earlier follow-up"
    faded_enough = (had - now) / (had - start) >= FADED
    return "The gain has faded" if faded_enough else "A little worse than an earlier follow-up"


def _row(reader: Reader, record: Record) -> Row:
    value = measures.value(record)
    return Row(
        when=words.date(record.date),
        point=record.text("point_note") or reader.text(record, "point"),
        value=None if value is None else shown(record),
        parts=_parts(record),
        change=change(record),
        source=reader.text(record, "data_source"),
        small=measures.is_small(record),
    )


def _parts(record: Record) -> str | None:
    top, bottom = words.number(record.number("numerator")), words.number(record.number("denominator"))
    if top is None and bottom is None:
        return None
    return f"{top or words.NOT_RECORDED} of {bottom or words.NOT_RECORDED}"

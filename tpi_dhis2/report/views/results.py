"""What became of each target, with met, not met, not yet due and no data kept apart."""

from __future__ import annotations

from dataclasses import dataclass

from tpi_dhis2.domain import measures
from tpi_dhis2.domain.records import Cycle, Record
from tpi_dhis2.report import words
from tpi_dhis2.report.views.common import Reader, happened, starting, unit
from tpi_dhis2.report.views.series import change, series, shown

_NAMELESS = f"The measure is {words.NOT_RECORDED}, so nothing can be compared."
_DATELESS = "The date of the latest value is not stated, so it cannot be told whether a target was met by its due date."


@dataclass(frozen=True)
class Term:
    """The short-term or long-term side of a target; ``result`` is None when it has no target value."""

    name: str
    goal: str | None
    due: str | None
    result: str | None
    result_words: str | None
    progress: str


@dataclass(frozen=True)
class TargetResult:
    """One target and how far it came."""

    number: str | None
    objective: str | None
    measure: str | None
    priority: str | None
    direction: str | None
    baseline: str | None
    baseline_date: str | None
    latest: str | None
    latest_date: str | None
    latest_small: bool
    changes: tuple[str, ...]
    terms: tuple[Term, ...]
    notes: tuple[str, ...]


def target_results(reader: Reader, cycle: Cycle) -> tuple[TargetResult, ...]:
    """The results of all targets by their number."""
    return tuple(_result(reader, cycle, target) for target in cycle.numbered("target", "target_no"))


def _result(reader: Reader, cycle: Cycle, target: Record) -> TargetResult:
    measure = target.measure
    found = happened(measures.series(cycle, measure)) if measure else []
    last = measures.latest(measures.follow_ups(target, found))
    start = starting(cycle, target)
    told = series(reader, cycle, measure, target) if measure else None
    terms = tuple(_term(reader, target, term, found, start.value) for term in ("short", "long"))
    return TargetResult(
        number=words.number(target.number("target_no")),
        objective=reader.text(target, "objective"),
        measure=reader.measure(target),
        priority=words.number(target.number("priority_no")),
        direction=reader.labels.show("direction", measures.direction(target)),
        baseline=start.text(unit(target)),
        baseline_date=start.when,
        latest=shown(last) if last else None,
        latest_date=words.date(last.date) if last else None,
        latest_small=last is not None and measures.is_small(last),
        changes=tuple(text for record in found if (text := change(record))),
        terms=terms,
        notes=(*_undated(last, terms), *(told.notes if told else (_NAMELESS,))),
    )


def _undated(last: Record | None, terms: tuple[Term, ...]) -> tuple[str, ...]:
    """Why there is no data although something was measured: nobody knows whether it was before the due date."""
    waiting = any(term.result == measures.NO_DATA for term in terms)
    return (_DATELESS,) if waiting and last is not None and last.date is None else ()


def _term(reader: Reader, target: Record, term: str, found: list[Record], start: float | None) -> Term:
    goal = target.number(f"{term}_target")
    result = measures.result(target, term, found, reader.today)
    last = measures.latest(measures.follow_ups(target, found))
    return Term(
        name=f"{term.capitalize()} term",
        goal=reader.value(target, f"{term}_target"),
        due=reader.day(target, f"{term}_due"),
        result=result,
        result_words=reader.labels.show(f"{term}_result", result),
        progress=_since(target, term, last) + _progress(start, measures.value(last) if last else None, goal),
    )


def _since(target: Record, term: str, last: Record | None) -> str:
    """What to say before the progress when the latest value is not one from before the due date."""
    due = target.known_day(f"{term}_due")
    if last is None or due is None or target.number(f"{term}_target") is None:
        return ""
    if last.date is None:
        return f"latest value, date {words.NOT_STATED}: "
    return f"latest value since, {words.date(last.date)}: " if last.date.first > due.last else ""


def _progress(start: float | None, now: float | None, goal: float | None) -> str:
    """How far the latest value is on the way; a figure only from 0 to 100, since beyond them it tells nothing."""
    if goal is None:
        return "no target value recorded"
    if now is None:
        return words.NO_DATA
    if start is None:
        return "cannot be worked out: no baseline recorded"
    way = measures.progress(start, now, goal)
    if way is None:
        return "cannot be worked out: target equals baseline"
    if way < 0:
        return "worse than at the start"
    if way > 100:
        return "beyond the target"
    if way == 100:
        return "at the target"
    return f"{words.percent(min(way, 99))} of the way"

"""How both arms judged the technical work, and what the needs assessment had scored."""

from __future__ import annotations

from dataclasses import dataclass

from tpi_dhis2.domain.records import Cycle, Record
from tpi_dhis2.report import words
from tpi_dhis2.report.views.common import Reader, happened

_EMBEDDED = ("procedure", "budget", "duties", "training", "committee", "supply")
AREAS = (
    *("leadership", "ipc", "wash", "waste", "surgery", "medicines", "mnch", "emergency", "laboratory", "workforce"),
    *("worker_safety", "information", "community", "resources", "referral"),
)


@dataclass(frozen=True)
class Impact:
    """One review of the technical work."""

    round: str | None
    date: str
    rating: str | None
    share: str | None
    results: str | None
    unintended: str | None
    embedded: tuple[str, ...]
    lessons: str | None
    refinements: str | None
    decision: str | None
    to_staff: str | None
    to_ministry: str | None


@dataclass(frozen=True)
class Score:
    """The score of an area from 0 to 4."""

    name: str
    value: float


@dataclass(frozen=True)
class Needs:
    """One round of the needs assessment; ``unscored`` areas were not looked at, which is not a zero."""

    round: str | None
    date: str
    jointly: bool | None
    scores: tuple[Score, ...]
    unscored: tuple[str, ...]
    strengths: str | None
    needs: str | None


def impacts(reader: Reader, cycle: Cycle) -> tuple[Impact, ...]:
    """The reviews of the technical work, oldest first."""
    return tuple(_impact(reader, record) for record in happened(cycle.of("impact")))


def _impact(reader: Reader, record: Record) -> Impact:
    ticked = [f"embedded_{where}" for where in _EMBEDDED if record.yes(f"embedded_{where}")]
    return Impact(
        round=reader.text(record, "evaluation_round"),
        date=words.date(record.date),
        rating=reader.text(record, "rating"),
        share=reader.text(record, "share"),
        results=reader.text(record, "impact_text"),
        unintended=reader.text(record, "unintended"),
        embedded=tuple(reader.labels.label(key).rpartition(": ")[2] for key in ticked),
        lessons=reader.text(record, "lessons"),
        refinements=reader.text(record, "refinements"),
        decision=reader.text(record, "next_decision"),
        to_staff=reader.day(record, "results_to_staff"),
        to_ministry=reader.day(record, "results_to_ministry"),
    )


def needs(reader: Reader, cycle: Cycle) -> tuple[Needs, ...]:
    """The rounds of the needs assessment, oldest first."""
    return tuple(_needs(reader, record) for record in happened(cycle.of("needs")))


def _needs(reader: Reader, record: Record) -> Needs:
    found = {area: record.number(f"score_{area}") for area in AREAS}
    names = {area: reader.labels.label(f"score_{area}") for area in AREAS}
    return Needs(
        round=reader.text(record, "needs_round"),
        date=words.date(record.date),
        jointly=record.yes("needs_jointly"),
        scores=tuple(Score(names[area], value) for area, value in found.items() if value is not None),
        unscored=tuple(names[area] for area, value in found.items() if value is None),
        strengths=reader.text(record, "strengths"),
        needs=reader.text(record, "needs_found"),
    )

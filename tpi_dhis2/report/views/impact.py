"""How both arms judged the technical work, and what the needs assessment had scored."""

from __future__ import annotations

from dataclasses import dataclass

from tpi_dhis2.domain.records import Cycle, Record
from tpi_dhis2.report import words
from tpi_dhis2.report.views.agreement import Fact
from tpi_dhis2.report.views.common import Reader, happened

_EMBEDDED = ("procedure", "budget", "duties", "training", "committee", "supply")
_METHODS = ("desk", "interview", "visit", "staff_survey", "community", "observation", "routine", "tool")
_HEARD = ("staff_heard", "community_heard", "hhsaf_total", "ipcaf_total")
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
    """One round of the needs assessment; of ``unscored`` areas no score is recorded, which is not a zero."""

    round: str | None
    date: str
    jointly: bool | None
    methods: str | None
    facts: tuple[Fact, ...]
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
        date=_period(reader, record),
        jointly=record.yes("needs_jointly"),
        methods=_methods(reader, record),
        facts=_facts(reader, record),
        scores=tuple(Score(names[area], value) for area, value in found.items() if value is not None),
        unscored=tuple(names[area] for area, value in found.items() if value is None),
        strengths=reader.text(record, "strengths"),
        needs=reader.text(record, "needs_found"),
    )


def _period(reader: Reader, record: Record) -> str:
    end = reader.day(record, "needs_end")
    return f"{words.date(record.date)} to {end}" if end else words.date(record.date)


def _methods(reader: Reader, record: Record) -> str | None:
    """The methods used, in the words of the form, and what was noted about them."""
    ticked = [key for method in _METHODS if record.yes(key := f"method_{method}")]
    named = ", ".join(reader.labels.label(key).rpartition(": ")[2] for key in ticked)
    return ". ".join(filter(None, (named, reader.text(record, "method_note")))) or None


def _facts(reader: Reader, record: Record) -> tuple[Fact, ...]:
    """Who was heard and who checked; only what is recorded."""
    found = {
        "needs_validated_by": reader.text(record, "needs_validated_by"),
        **{key: words.number(record.number(key)) for key in _HEARD},
        "needs_shared": reader.day(record, "needs_shared"),
    }
    return tuple(Fact(reader.labels.label(key), value) for key, value in found.items() if value)

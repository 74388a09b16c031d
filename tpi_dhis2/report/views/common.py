"""What every document has: its heading, its foot, and where its facts come from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from tpi_dhis2.domain import measures
from tpi_dhis2.domain.measures import CORE_DIRECTIONS, CORE_FACTORS
from tpi_dhis2.domain.records import Cycle, Partnership, Record
from tpi_dhis2.domain.steps import ONLY_PLANNED
from tpi_dhis2.domain.work import total
from tpi_dhis2.report import words
from tpi_dhis2.report.words import Labels

#: Core measures that are neither a percentage nor have a factor of their own: their label names the unit.
_RATES = {"SHARPS"}
_CYCLE_STATES = {"ACTIVE": "not closed in DHIS2", "COMPLETED": "completed", "CANCELLED": "cancelled"}
_NAMED_BY = {
    "needs": "needs_round",
    "priority": "priority_no",
    "target": "target_no",
    "activity": "activity_no",
    "impact": "evaluation_round",
    "functioning": "one_arm",
}


@dataclass(frozen=True)
class Source:
    """What records say of where they come from, and which records say so."""

    text: str
    records: str


@dataclass(frozen=True)
class Origins:
    """Where the facts come from: the sources of the whole, and what single records remark."""

    sources: tuple[Source, ...]
    remarks: tuple[Source, ...]


@dataclass(frozen=True)
class Heading:
    """Whose document it is. What was not recorded is None."""

    partnership: str
    code: str | None
    model: str | None
    reach: str | None
    state: str | None
    host: str | None
    host_type: str | None
    host_lead: str | None
    partner: str | None
    partner_country: str | None
    partner_type: str | None
    partner_lead: str | None
    cycle: str
    cycle_state: str | None
    began: str | None
    ended: str | None
    next_review: str | None

    @property
    def is_open(self) -> bool:
        """Whether the cycle is neither completed nor cancelled."""
        return self.cycle_state == _CYCLE_STATES["ACTIVE"]


@dataclass(frozen=True)
class Reader:
    """Reads records in words: option labels, dates and measures, on a given day."""

    labels: Labels
    today: dt.date

    def text(self, record: Record | Partnership | None, key: str) -> str | None:
        """A field in words; None when it was not recorded."""
        return self.labels.show(key, record.text(key)) if record else None

    def day(self, record: Record | None, key: str) -> str | None:
        """A date field in words; None when it was not recorded."""
        return words.field_date(record, key) if record else None

    def measure(self, record: Record) -> str | None:
        """The name of the measure that a record speaks of; None when it names none."""
        measure = record.measure
        return None if measure is None else measure.other or self.labels.show("measure", measure.code)

    def name(self, record: Record) -> str:
        """What to call a record: its kind and what tells it from others."""
        if record.kind == "measurement":
            when = words.date(record.date) if record.date else record.text("point_note") or self.text(record, "point")
            return f"measurement of {self.measure(record) or 'an unnamed measure'}, {when or words.date(None)}"
        key = _NAMED_BY.get(record.kind)
        which = self.text(record, key) if key else None
        if which is None:
            return record.kind
        return f"{record.kind}, {which.lower()}" if record.kind == "functioning" else f"{record.kind} {which}"

    def number(self, record: Record | None, key: str) -> str | None:
        """A number as it was recorded; None when it was not."""
        return words.as_written(record.text(key)) if record and record.number(key) is not None else None

    def value(self, record: Record, key: str) -> str | None:
        """A value of the record's measure as it was recorded, with the unit."""
        return words.with_unit(self.number(record, key), unit(record))

    def yes(self, record: Record | None, key: str) -> str | None:
        """A yes/no field in words; None when it was not answered."""
        return None if record is None or record.yes(key) is None else "yes" if record.yes(key) else "no"


def unit(record: Record) -> str | None:
    """The unit to write after values of the record's measure; None where the measure's name says it."""
    code = record.text("measure")
    if code in CORE_DIRECTIONS:
        return None if code in CORE_FACTORS or code in _RATES else "%"
    return record.text("measure_unit")


@dataclass(frozen=True)
class Start:
    """Where a measure started, how that was written, how exact it is, and when; None when that was not recorded."""

    value: float | None
    when: str | None
    written: str | None = None
    qualifier: str | None = None

    def text(self, of: str | None) -> str | None:
        """The baseline in words, with the unit given."""
        return words.with_unit(self.written, of, self.qualifier)


def starting(cycle: Cycle, anchor: Record) -> Start:
    """The baseline of a target or priority: as it says itself, else as it was measured."""
    measure = anchor.measure
    found = measures.series(cycle, measure) if measure else []
    value = measures.baseline(anchor, found)
    if value is None:
        return Start(None, words.field_date(anchor, "baseline_date"))
    marked = [record for record in found if record.text("point") == "BASELINE"]
    same = next((record for record in marked if measures.value(record) == value), None)
    qualifier = same.text("value_qualifier") if same else None
    if anchor.number("baseline") is not None:
        written = words.as_written(anchor.text("baseline"))
        return Start(value, words.field_date(anchor, "baseline_date"), written, qualifier)
    return Start(value, words.date(marked[0].date), written_value(marked[0]), qualifier)


def written_value(record: Record) -> str | None:
    """The value of a measurement: as it was written, or to one decimal where it is worked out."""
    if record.number("value") is not None:
        return words.as_written(record.text("value"))
    value = measures.value(record)
    return words.number(None if value is None else round(value, 1))


def chosen(partnership: Partnership, cycle: Cycle | None) -> Cycle:
    """The cycle to report on: the one asked for, else the latest, else one without records."""
    return cycle or partnership.latest or Cycle("", dt.date.min)


def happened(records: Iterable[Record]) -> list[Record]:
    """The records of what took place, without those that are only planned."""
    return [record for record in records if record.status not in ONLY_PLANNED]


def known_sum(records: list[Record], key: str) -> str | None:
    """The sum of a field, and how many records it rests on when not all say it; None when none does."""
    summed = total(records, key)
    if summed is None:
        return None
    known = sum(record.number(key) is not None for record in records)
    text = words.number(summed) or words.NOT_RECORDED
    return text if known == len(records) else f"{text} (said in {known} of {len(records)} records)"


def currency(cycle: Cycle) -> str | None:
    """The currency of the cycle's money: as the plan states it, else the agreement."""
    stated = [record.text("currency") for kind in ("plan", "agreement") if (record := cycle.one(kind))]
    return next((code for code in stated if code), None)


def origins(reader: Reader, records: Iterable[Record]) -> Origins:
    """Where the records come from: what the agreement names are sources, the rest are remarks of single records.

    A record that only repeats a source is set beside it.
    """
    told = [(record, text) for record in records if (text := record.text("record_source"))]
    named = [text for record, text in told if record.kind == "agreement"]
    whole: dict[str, list[str]] = {}
    single: dict[str, list[str]] = {}
    for record, text in told:
        source = next((each for each in named if text in each), None)
        into = single if source is None else whole
        into.setdefault(source or text, []).append(reader.name(record))
    remarks = (Source(each.text, each.records[:1].upper() + each.records[1:]) for each in _listed(single))
    return Origins(_listed(whole), tuple(remarks))


def _listed(found: dict[str, list[str]]) -> tuple[Source, ...]:
    return tuple(Source(text, words.sentence(dict.fromkeys(names))) for text, names in found.items())


def heading(reader: Reader, partnership: Partnership, cycle: Cycle) -> Heading:
    """The heading of a document on one cycle of a partnership."""
    agreement = cycle.one("agreement")
    return Heading(
        partnership=partnership.name,
        code=partnership.text("code"),
        model=reader.text(partnership, "model"),
        reach=reader.text(partnership, "geography"),
        state=reader.text(partnership, "pstatus"),
        host=partnership.host_name,
        host_type=reader.text(agreement, "host_type"),
        host_lead=reader.text(agreement, "host_lead"),
        partner=partnership.text("partner_name"),
        partner_country=reader.text(partnership, "partner_country"),
        partner_type=reader.text(agreement, "partner_type"),
        partner_lead=reader.text(agreement, "partner_lead"),
        cycle=_place(partnership, cycle),
        cycle_state=_CYCLE_STATES.get(cycle.status, cycle.status.lower()) if cycle.uid else None,
        began=words.date(cycle.started) if cycle.uid else None,
        ended=reader.day(agreement, "ended_on"),
        next_review=words.day(review) if (review := partnership.day("next_review")) else None,
    )


def _place(partnership: Partnership, cycle: Cycle) -> str:
    uids = [each.uid for each in partnership]
    if cycle.uid not in uids:
        return "no cycle recorded"
    return f"Cycle {uids.index(cycle.uid) + 1} of {len(uids)}"

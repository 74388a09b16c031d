"""What both arms agreed on when they began: only what is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tpi_dhis2.domain.records import Cycle, Record
from tpi_dhis2.report import words
from tpi_dhis2.report.views.common import Reader, currency

#: Fields that are shown as they are, by the kind of value.
_DAYS = ("agreement_host_signed", "agreement_partner_signed")
_PROSE = ("host_gain", "partner_gain")


@dataclass(frozen=True)
class Fact:
    """A fact with what to call it; ``long`` is one of several sentences."""

    label: str
    value: str
    long: bool = False


def agreement(reader: Reader, cycle: Cycle) -> tuple[Fact, ...]:
    """What is recorded of the agreement of a cycle; empty when nothing is."""
    record = cycle.one("agreement")
    if record is None:
        return ()
    return tuple(
        Fact(label, value, long=label in map(reader.labels.label, _PROSE))
        for label, value in _facts(reader, record, currency(cycle))
        if value
    )


def _facts(reader: Reader, record: Record, code: str | None) -> Iterator[tuple[str, str | None]]:
    name = reader.labels.label
    yield name("principles"), "yes" if record.yes("principles") else None
    yield name("agreement_signed"), reader.yes(record, "agreement_signed")
    for key in _DAYS:
        yield name(key), reader.day(record, key)
    yield name("endorsement"), _joined(reader.text(record, "endorsement"), reader.text(record, "endorsement_note"))
    yield name("facilitator"), reader.text(record, "facilitator")
    yield name("funding_sources"), reader.text(record, "funding_sources")
    pledged, exact = record.number("funding_pledged"), record.text("funding_qualifier")
    yield name("funding_pledged"), words.money(pledged, record.text("currency") or code, exact)
    contact = (reader.text(record, key) for key in ("contact_frequency", "contact_channel"))
    yield "Agreed contact", _joined(*contact)
    yield name("intended_end"), reader.day(record, "intended_end")
    for key in ("host_beds", "host_population"):
        yield name(key), words.number(record.number(key))
    yield name("end_reason"), reader.text(record, "end_reason")
    for key in _PROSE:
        yield name(key), reader.text(record, key)


def _joined(*parts: str | None) -> str | None:
    return "; ".join(filter(None, parts)) or None

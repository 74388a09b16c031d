"""The dates of a draft: what was stated, how exactly it is known, and what stands in where nobody stated it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tpi_dhis2.domain.dates import DAY, MONTH, NOT_STATED, YEAR, KnownDate
from tpi_dhis2.package.fields import FieldInfo, StageInfo
from tpi_dhis2.sync.files import CycleSource, RecordSource
from tpi_dhis2.sync.values import ValueProblem

#: What a draft says of fields; None empties one.
Patch = dict[str, str | None]


def completion(words: dict[str, Any], status: str) -> Patch:
    """The day of completion, when it is given; otherwise the server takes its own."""
    if not words.get("completed"):
        return {}
    if status != "COMPLETED":
        raise ValueProblem(f"'completed' is given, but the status is {status}")
    return {"@completed": known_date(words["completed"]).first.isoformat()}


def day_only(info: FieldInfo | None, given: Any) -> None:
    """Refuse a date that is not known to the day: an attribute has no place to say how exactly it is known."""
    if info is not None and info.value_type == "DATE" and given and known_date(given).known != DAY:
        raise ValueProblem(f"{info.key}: '{given}' is not known to the day")


#: From the most to the least exact.
_EXACTNESS = (DAY, MONTH, YEAR)


def check_exactness(stage: StageInfo, source: RecordSource, values: Patch, patch: Patch) -> None:
    """Let the record's dates be shown no more exactly than the least exact of them is known.

    One field of a record says how exactly all its dates are known. When the record's own date is not stated, that is
    what the field says, and the others have to be known to the day.
    """
    days = [key for key, info in stage.fields.items() if info.value_type == "DATE" and values.get(key)]
    known = [known_date(source.fields[key]).known for key in days]
    least = max(known, key=_EXACTNESS.index, default=DAY)
    own = values.get("date_known") or patch.get("date_known") or DAY
    if own == NOT_STATED:
        if least != DAY:
            raise ValueProblem(f"'{days[0]}' is not known to the day; give the record a 'date' that is known alike")
    elif _EXACTNESS.index(least) > _EXACTNESS.index(own):
        patch["date_known"] = least
        values.pop("date_known", None)


def known_date(value: Any) -> KnownDate:
    """A date as written, with how exactly it is known; ValueProblem when it is none."""
    try:
        return KnownDate.parse(str(value))
    except ValueError as error:
        raise ValueProblem(str(error)) from None


def beginning(source: CycleSource, as_of: dt.date) -> KnownDate:
    """When the cycle began; if nobody stated it, the first date that any of its records states, else the file's own."""
    if source.words.get("began"):
        return known_date(source.words["began"])
    stated = [_stated(record.words.get("date")) for record in source.records]
    return KnownDate(min((day for day in stated if day), default=as_of), NOT_STATED)


def with_beginning(source: CycleSource, began: KnownDate) -> list[RecordSource]:
    """The records; with an agreement that says how exactly the beginning is known, when nothing else does."""
    if began.known == DAY or any(record.kind == "agreement" for record in source.records):
        return source.records
    return [*source.records, RecordSource(source.place, "agreement", {}, {})]


def _stated(text: Any) -> dt.date | None:
    """The day of a date that can be read; a bad one is its record's matter."""
    try:
        return KnownDate.parse(str(text)).first if text else None
    except ValueError:
        return None


def record_dates(source: RecordSource, status: str, values: Patch, began: KnownDate) -> Patch:
    """The record's date and how exactly it is known; one that is not stated is stored as the beginning of the cycle."""
    if status == "SCHEDULE":
        if not source.words.get("scheduled"):
            raise ValueProblem("a planned record needs 'scheduled', the day it is planned for")
        if values:
            raise ValueProblem(f"a planned record can hold no values yet, but has '{next(iter(values))}'")
        return {"@scheduled": known_date(source.words["scheduled"]).first.isoformat()}
    given = source.words.get("date")
    date = known_date(given) if given else KnownDate(began.first, NOT_STATED)
    if source.kind == "agreement" and not given:
        date = began
    patch: Patch = {"@date": date.first.isoformat()}
    if "date_known" not in values:
        # Said each time: a date that has become known to the day is no longer shown as a month.
        patch["date_known"] = None if date.known == DAY else date.known
    return patch

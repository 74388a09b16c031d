"""Record files: partnerships as people write them (YAML or JSON), read into drafts for the store.

A file that cannot be read at all raises; a bad partnership, cycle or record is set aside with its place in the file
and the reason, and the good ones go on. The form is described in docs/records.md.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tpi_dhis2.domain.dates import KnownDate
from tpi_dhis2.errors import UsageError
from tpi_dhis2.plain import plain_file

_SECTIONS = ("key", "uid", "unit", "attributes", "cycles", "deleted")
_CYCLE = ("key", "uid", "began", "status", "completed", "records", "deleted")


@dataclass(frozen=True)
class Rejected:
    """A part of a file that was set aside: where it stands and why."""

    place: str
    reason: str


@dataclass(frozen=True)
class RecordSource:
    """One record as written: reserved words apart from the fields."""

    place: str
    kind: str
    words: dict[str, Any]
    fields: dict[str, Any]


@dataclass(frozen=True)
class CycleSource:
    """One cycle as written."""

    place: str
    key: str
    words: dict[str, Any]
    records: list[RecordSource]


@dataclass(frozen=True)
class PartnershipSource:
    """One partnership as written."""

    place: str
    key: str
    unit: str
    uid: str | None
    attributes: dict[str, Any]
    cycles: list[CycleSource]
    deleted: bool = False


@dataclass
class RecordFile:
    """What a file holds; ``as_of`` stands in for dates that nobody stated."""

    as_of: dt.date
    partnerships: list[PartnershipSource] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class Mistake(ValueError):
    """Why a part of a file is set aside."""


def read(path: Path) -> RecordFile:
    """Read a record file; UsageError when it is no such file at all."""
    content = plain_file(path)
    if not isinstance(content, dict) or not isinstance(content.get("partnerships"), list):
        raise UsageError(
            f"{path} has no list 'partnerships'.", "A record file begins with 'partnerships:'; see docs/records.md."
        )
    found = RecordFile(_as_of(path, content.get("as_of")))
    seen: set[str] = set()
    for number, entry in enumerate(content["partnerships"], 1):
        _try(found, f"partnership {number}", lambda place, entry=entry: _partnership(found, place, entry, seen))
    return found


def _as_of(path: Path, given: Any) -> dt.date:
    if given is None:
        return dt.date.today()  # noqa: DTZ011 - the day at the place where the file is read
    try:
        return KnownDate.parse(str(given)[:10]).first
    except ValueError as error:
        raise UsageError(f"{path}: as_of '{given}' is not a date.", "Write it as 2026-11-23.") from error


def _try(found: RecordFile, place: str, make: Any) -> Any:
    try:
        return make(place)
    except Mistake as mistake:
        found.rejected.append(Rejected(place, str(mistake)))
        return None


def _partnership(found: RecordFile, place: str, entry: Any, seen: set[str]) -> None:
    _mapping(entry, _SECTIONS)
    key, unit = entry.get("key"), entry.get("unit")
    if not key or not unit:
        raise Mistake(f"'{'key' if not key else 'unit'}' is missing")
    if not isinstance(key, str) or not isinstance(unit, str):
        raise Mistake(f"'{'unit' if isinstance(key, str) else 'key'}' is not one text")
    if str(key) in seen:
        raise Mistake(f"the key '{key}' stands twice in this file")
    seen.add(str(key))
    place = f"partnership '{key}'"
    cycles: list[CycleSource] = []
    keys: set[str] = set()
    for number, cycle in enumerate(_list(entry.get("cycles"), "cycles"), 1):
        made = _try(found, f"{place}, cycle {number}", lambda where, cycle=cycle: _cycle(found, where, cycle, keys))
        cycles += [made] if made else []
    attributes = entry.get("attributes") or {}
    _mapping(attributes)
    uid = str(entry["uid"]) if entry.get("uid") else None
    deleted = is_deleted(entry)
    found.partnerships.append(PartnershipSource(place, str(key), str(unit), uid, attributes, cycles, deleted))


def is_deleted(words: dict[str, Any]) -> bool:
    """Whether words say that what they stand for is to be deleted on the server; Mistake when that is not clear."""
    given = words.get("deleted")
    if given not in (None, True, False, "true", "false"):
        raise Mistake(f"deleted '{given}' is not true or false")
    return given in (True, "true")


def _cycle(found: RecordFile, place: str, entry: Any, seen: set[str]) -> CycleSource:
    _mapping(entry, _CYCLE)
    if not entry.get("key"):
        raise Mistake("'key' is missing; number the cycles 1, 2, 3")
    if str(entry["key"]) in seen:
        raise Mistake(f"the key '{entry['key']}' stands twice in this partnership")
    seen.add(str(entry["key"]))
    records = entry.get("records") or {}
    _mapping(records)
    made: list[RecordSource] = []
    for kind, some in records.items():
        listed = _try(found, f"{place}, {kind}", lambda _, kind=kind, some=some: _list(some, kind)) or []
        for number, record in enumerate(listed, 1):
            one = _try(
                found, f"{place}, {kind} {number}", lambda where, kind=kind, record=record: _record(where, kind, record)
            )
            made += [one] if one else []
    is_deleted(entry)
    words = {name: entry[name] for name in _CYCLE if name in entry and name != "records"}
    return CycleSource(place, str(entry["key"]), words, made)


_RESERVED = ("date", "status", "key", "uid", "unit", "scheduled", "completed", "deleted")


def _record(place: str, kind: str, entry: Any) -> RecordSource:
    _mapping(entry)
    is_deleted(entry)
    words = {name: value for name, value in entry.items() if name in _RESERVED}
    return RecordSource(place, kind, words, {name: value for name, value in entry.items() if name not in _RESERVED})


def _mapping(entry: Any, allowed: tuple[str, ...] | None = None) -> None:
    if not isinstance(entry, dict) or not all(isinstance(name, str) for name in entry):
        raise Mistake("this is no list of 'name: value'")
    unknown = [name for name in entry if allowed and name not in allowed]
    if unknown:
        raise Mistake(f"'{unknown[0]}' is not known here; known are {', '.join(allowed or ())}")


def _list(entry: Any, name: str) -> list[Any]:
    if entry is None:
        return []
    if not isinstance(entry, list):
        raise Mistake(f"'{name}' is no list")
    return entry

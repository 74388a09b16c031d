"""From a record file to the store's objects: values checked, dates made exact enough, UIDs derived from keys."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.domain.dates import DAY, MONTH, NOT_STATED, YEAR, KnownDate
from tpi_dhis2.domain.uids import derive_uid, is_uid
from tpi_dhis2.package.fields import FieldInfo, Fields, StageInfo
from tpi_dhis2.store.items import CYCLE, PARTNERSHIP, RECORD
from tpi_dhis2.sync.files import CycleSource, PartnershipSource, RecordFile, RecordSource, Rejected
from tpi_dhis2.sync.values import ATTRIBUTE_LIMIT, VALUE_LIMIT, ValueProblem, wire

_STATUSES = ("ACTIVE", "COMPLETED", "SCHEDULE", "SKIPPED")
_CYCLE_STATUSES = ("ACTIVE", "COMPLETED", "CANCELLED")
_UNIT = "ORGANISATION_UNIT"
_SAME_KEY = "another record of this cycle has the same key; give it a 'key' of its own"
#: What a draft says of fields; None empties one.
Patch = dict[str, str | None]


@dataclass(frozen=True)
class Draft:
    """An object of a file: what it says of the fields it names. None empties a field; a field not named stays."""

    uid: str
    type: str
    kind: str
    partnership: str
    cycle: str
    patch: Patch
    place: str


@dataclass
class Drafts:
    """All drafts of a file, parents first, and what was set aside."""

    drafts: list[Draft] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class Drafter:
    """Makes drafts for one package; ``units`` gives the UID of a unit by its code or UID."""

    def __init__(self, fields: Fields, units: dict[str, str]) -> None:
        self.fields = fields
        self.units = units
        self._seen: set[str] = set()

    def drafts(self, source: RecordFile) -> Drafts:
        """The drafts of a file."""
        result = Drafts(rejected=list(source.rejected))
        self._seen = set()
        for partnership in source.partnerships:
            self._partnership(partnership, source.as_of, result)
        return result

    def _partnership(self, source: PartnershipSource, as_of: dt.date, result: Drafts) -> None:
        try:
            unit = self._unit(source.unit)
            uid = _own_uid(source.uid, "partnership", source.key)
            if uid in self._seen:
                raise ValueProblem(f"the uid '{uid}' stands twice in this file")  # noqa: TRY301 - one way out
            self._seen.add(uid)
        except ValueProblem as problem:
            # Without its partnership nothing below it can be stored.
            result.rejected.append(Rejected(source.place, str(problem)))
            return
        values = self._attributes(source, result)
        result.drafts.append(Draft(uid, PARTNERSHIP, "", uid, "", {"@unit": unit, **values}, source.place))
        for cycle in source.cycles:
            self._cycle(cycle, uid, source.key, unit, as_of, result)

    def _attributes(self, source: PartnershipSource, result: Drafts) -> Patch:
        """The attributes that can be taken; a bad one is set aside alone, and stops nothing below."""
        values: Patch = {}
        for key, given in source.attributes.items():
            try:
                _day_only(self.fields.attributes.get(key), given)
                values[key] = self._value(self.fields.attributes, key, given, ATTRIBUTE_LIMIT)
            except ValueProblem as problem:
                result.rejected.append(Rejected(source.place, str(problem)))
        return values

    def _cycle(
        self, source: CycleSource, partnership: str, key: str, unit: str, as_of: dt.date, result: Drafts
    ) -> None:
        try:
            began = _began(source, as_of)
            status = _word(source.words, "status", _CYCLE_STATUSES)
            completed = _completed(source.words, status)
            uid = _own_uid(source.words.get("uid"), "cycle", key, source.key)
        except ValueProblem as problem:
            result.rejected.append(Rejected(source.place, str(problem)))
            return
        patch: Patch = {"@unit": unit, "@date": began.first.isoformat(), "@status": status, **completed}
        result.drafts.append(Draft(uid, CYCLE, "", partnership, uid, patch, source.place))
        seen: set[str] = set()
        for record in _with_beginning(source, began):
            try:
                draft = self._record(record, partnership, uid, (key, source.key), unit, began)
            except ValueProblem as problem:
                result.rejected.append(Rejected(record.place, str(problem)))
                continue
            if draft.uid in seen:
                result.rejected.append(Rejected(record.place, _SAME_KEY))
            else:
                seen.add(draft.uid)
                result.drafts.append(draft)

    def _record(
        self, source: RecordSource, partnership: str, cycle: str, keys: tuple[str, str], unit: str, began: KnownDate
    ) -> Draft:
        stage = self.fields.stages.get(source.kind)
        if stage is None:
            raise ValueProblem(f"'{source.kind}' is no kind of record; known are {', '.join(self.fields.stages)}")
        values = self._values(stage.fields, source.fields, VALUE_LIMIT)
        status = _word(source.words, "status", _STATUSES)
        patch = {**_dates(source, status, values, began), **_completed(source.words, status)}
        _check_exactness(stage, source, values, patch)
        key = str(source.words.get("key") or "") or _natural_key(stage.source.key, values, patch)
        uid = _own_uid(source.words.get("uid"), "record", *keys, source.kind, key)
        place = self._unit(source.words["unit"]) if source.words.get("unit") else unit
        return Draft(
            uid,
            RECORD,
            source.kind,
            partnership,
            cycle,
            {"@unit": place, "@status": status, **patch, **values},
            source.place,
        )

    def _unit(self, name: str) -> str:
        if str(name) not in self.units:
            raise ValueProblem(f"the server has no unit '{name}', or this account may not read it")
        return self.units[str(name)]

    def _values(self, infos: dict[str, FieldInfo], given: dict[str, Any], limit: int) -> Patch:
        return {key: self._value(infos, key, value, limit) for key, value in given.items()}

    def _value(self, infos: dict[str, FieldInfo], key: str, value: Any, limit: int) -> str | None:
        info = infos.get(key)
        if info is None:
            raise ValueProblem(f"'{key}' is no field of this form")
        if info.source.calculated:
            raise ValueProblem(f"'{key}' is calculated and cannot be given")
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if info.value_type == _UNIT:
            return self._unit(str(value))
        try:
            return wire(info, value, limit) or None
        except ValueProblem as problem:
            raise ValueProblem(f"{key}: {problem}") from None


def _own_uid(given: Any, *key: str) -> str:
    if given is None:
        return derive_uid(*key)
    if not is_uid(str(given)):
        raise ValueProblem(f"'{given}' is not a UID")
    return str(given)


def _word(words: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    word = str(words.get(name) or allowed[0])
    if word not in allowed:
        raise ValueProblem(f"{name} '{word}' is not one of {', '.join(allowed)}")
    return word


def _completed(words: dict[str, Any], status: str) -> Patch:
    """The day of completion, when it is given; otherwise the server takes its own."""
    if not words.get("completed"):
        return {}
    if status != "COMPLETED":
        raise ValueProblem(f"'completed' is given, but the status is {status}")
    return {"@completed": _known(words["completed"]).first.isoformat()}


def _day_only(info: FieldInfo | None, given: Any) -> None:
    """Refuse a date that is not known to the day: an attribute has no place to say how exactly it is known."""
    if info is not None and info.value_type == "DATE" and given and _known(given).known != DAY:
        raise ValueProblem(f"{info.key}: '{given}' is not known to the day")


#: From the most to the least exact.
_EXACTNESS = (DAY, MONTH, YEAR)


def _check_exactness(stage: StageInfo, source: RecordSource, values: Patch, patch: Patch) -> None:
    """Let the record's dates be shown no more exactly than the least exact of them is known.

    One field of a record says how exactly all its dates are known. When the record's own date is not stated, that is
    what the field says, and the others have to be known to the day.
    """
    days = [key for key, info in stage.fields.items() if info.value_type == "DATE" and values.get(key)]
    known = [_known(source.fields[key]).known for key in days]
    least = max(known, key=_EXACTNESS.index, default=DAY)
    own = values.get("date_known") or patch.get("date_known") or DAY
    if own == NOT_STATED:
        if least != DAY:
            raise ValueProblem(f"'{days[0]}' is not known to the day; give the record a 'date' that is known alike")
    elif _EXACTNESS.index(least) > _EXACTNESS.index(own):
        patch["date_known"] = least
        values.pop("date_known", None)


def _known(value: Any) -> KnownDate:
    try:
        return KnownDate.parse(str(value))
    except ValueError as error:
        raise ValueProblem(str(error)) from None


def _began(source: CycleSource, as_of: dt.date) -> KnownDate:
    """When the cycle began; if nobody stated it, the first date that any of its records states, else the file's own."""
    if source.words.get("began"):
        return _known(source.words["began"])
    stated = [_stated(record.words.get("date")) for record in source.records]
    return KnownDate(min((day for day in stated if day), default=as_of), NOT_STATED)


def _with_beginning(source: CycleSource, began: KnownDate) -> list[RecordSource]:
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


def _dates(source: RecordSource, status: str, values: Patch, began: KnownDate) -> Patch:
    """The record's date and how exactly it is known; one that is not stated is stored as the beginning of the cycle."""
    if status == "SCHEDULE":
        if not source.words.get("scheduled"):
            raise ValueProblem("a planned record needs 'scheduled', the day it is planned for")
        if values:
            raise ValueProblem(f"a planned record can hold no values yet, but has '{next(iter(values))}'")
        return {"@scheduled": _known(source.words["scheduled"]).first.isoformat()}
    given = source.words.get("date")
    date = _known(given) if given else KnownDate(began.first, NOT_STATED)
    if source.kind == "agreement" and not given:
        date = began
    patch: Patch = {"@date": date.first.isoformat()}
    if "date_known" not in values:
        # Said each time: a date that has become known to the day is no longer shown as a month.
        patch["date_known"] = None if date.known == DAY else date.known
    return patch


def _natural_key(names: list[str], values: Patch, patch: Patch) -> str:
    if names and "@scheduled" in patch:
        raise ValueProblem("a planned record needs a 'key' of its own, since it has no values yet to tell it by")
    parts = [(patch.get("@date") if name == "@date" else values.get(name)) or "" for name in names]
    if names and not any(parts):
        raise ValueProblem(f"'{names[0]}' is missing: it tells this record from the others")
    return "|".join(parts)


def patched(doc: dict[str, str], patch: Patch) -> dict[str, str]:
    """A doc with what a draft says laid over it."""
    both = {**doc, **patch}
    return {key: value for key, value in both.items() if value is not None}


def unit_names(fields: Fields, source: RecordFile) -> set[str]:
    """The codes and UIDs of units that a file names: of partnerships and records, and in fields that take a unit."""
    of_units = {key for key, info in {**fields.attributes, **fields.elements}.items() if info.value_type == _UNIT}
    names: set[Any] = set()
    for partnership in source.partnerships:
        records = [record for cycle in partnership.cycles for record in cycle.records]
        names.add(partnership.unit)
        names |= {record.words["unit"] for record in records if isinstance(record.words.get("unit"), str)}
        for given in (partnership.attributes, *(record.fields for record in records)):
            names |= {given[key] for key in of_units & given.keys() if isinstance(given[key], str)}
    return {name for name in names if name.strip()}

"""From a record file to the store's objects: values checked, dates made exact enough, UIDs derived from keys."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.domain.dates import KnownDate
from tpi_dhis2.domain.uids import derive_uid, is_uid
from tpi_dhis2.package.fields import FieldInfo, Fields
from tpi_dhis2.store.items import CYCLE, PARTNERSHIP, RECORD
from tpi_dhis2.sync.draft_dates import (
    Patch,
    beginning,
    check_exactness,
    completion,
    day_only,
    known_date,
    record_dates,
    with_beginning,
)
from tpi_dhis2.sync.files import CycleSource, PartnershipSource, RecordFile, RecordSource, Rejected, is_deleted
from tpi_dhis2.sync.values import ATTRIBUTE_LIMIT, VALUE_LIMIT, ValueProblem, wire

_STATUSES = ("ACTIVE", "COMPLETED", "SCHEDULE", "SKIPPED")
_CYCLE_STATUSES = ("ACTIVE", "COMPLETED", "CANCELLED")
_UNIT = "ORGANISATION_UNIT"
_SAME_KEY = "another record of this cycle has the same key; give it a 'key' of its own"


@dataclass(frozen=True)
class Draft:
    """An object of a file: what it says of the fields it names. None empties a field; a field not named stays.

    The keys in ``guessed`` the file does not state: they are used only to make an object that is not there yet. With
    ``removed`` it is to be deleted, with all below it.
    """

    uid: str
    type: str
    kind: str
    partnership: str
    cycle: str
    patch: Patch
    place: str
    guessed: frozenset[str] = frozenset()
    removed: bool = False

    @property
    def states_nothing(self) -> bool:
        """Whether all of it is guessed."""
        return self.patch.keys() <= self.guessed


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
        patch = {"@unit": unit, **values}
        result.drafts.append(Draft(uid, PARTNERSHIP, "", uid, "", patch, source.place, removed=source.deleted))
        # What is deleted goes with all below it, whatever a file still says of that.
        for cycle in [] if source.deleted else source.cycles:
            self._cycle(cycle, uid, source.key, unit, as_of, result)

    def _attributes(self, source: PartnershipSource, result: Drafts) -> Patch:
        """The attributes that can be taken; a bad one is set aside alone, and stops nothing below."""
        values: Patch = {}
        for key, given in source.attributes.items():
            try:
                day_only(self.fields.attributes.get(key), given)
                values[key] = self._value(self.fields.attributes, key, given, ATTRIBUTE_LIMIT)
            except ValueProblem as problem:
                result.rejected.append(Rejected(source.place, str(problem)))
        return values

    def _cycle(
        self, source: CycleSource, partnership: str, key: str, unit: str, as_of: dt.date, result: Drafts
    ) -> None:
        try:
            began = beginning(source, as_of)
            status = _word(source.words, "status", _CYCLE_STATUSES)
            completed = completion(source.words, status)
            uid = _own_uid(source.words.get("uid"), "cycle", key, source.key)
        except ValueProblem as problem:
            result.rejected.append(Rejected(source.place, str(problem)))
            return
        patch: Patch = {"@unit": unit, "@date": began.first.isoformat(), "@status": status, **completed}
        guessed = {"@unit", *_unstated(source.words, {"began": "@date", "status": "@status"})}
        gone = is_deleted(source.words)
        result.drafts.append(Draft(uid, CYCLE, "", partnership, uid, patch, source.place, frozenset(guessed), gone))
        seen: set[str] = set()
        for record in [] if gone else with_beginning(source, began):
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
        patch = {**record_dates(source, status, values, began), **completion(source.words, status)}
        check_exactness(stage, source, values, patch)
        dated = str(known_date(source.words["date"])) if source.words.get("date") else ""
        key = str(source.words.get("key") or "") or _natural_key(stage.source.key, values, patch, dated)
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
            frozenset(_unstated(source.words, _RECORD_WORDS) - values.keys()),
            is_deleted(source.words),
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


#: What a record's words state, and what is guessed without them.
_RECORD_WORDS = {"unit": "@unit", "status": "@status", "date": "@date"}


def _unstated(words: dict[str, Any], keys: dict[str, str]) -> set[str]:
    missing = {key for word, key in keys.items() if not words.get(word)}
    return missing | ({"date_known"} if "@date" in missing else set())


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


def _natural_key(names: list[str], values: Patch, patch: Patch, dated: str) -> str:
    """What tells a record from the others; its date as it is stated, since the day stored for it may only stand in."""
    if names and "@scheduled" in patch:
        raise ValueProblem("a planned record needs a 'key' of its own, since it has no values yet to tell it by")
    parts = [(dated if name == "@date" else values.get(name)) or "" for name in names]
    if names and not any(parts):
        raise ValueProblem(f"'{names[0]}' is missing: it tells this record from the others")
    return "|".join(parts)


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

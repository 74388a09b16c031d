"""Between the store's flat docs and the tracker JSON of DHIS2: the only place that knows both."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tpi_dhis2.domain.merge import Doc
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.items import CYCLE, PARTNERSHIP, RECORD, Item

Json = dict[str, Any]

#: Object properties kept as text in a doc, by what they are called there. An update empties what it leaves out, so they
#: travel with every update.
_EVENT = {
    "orgUnit": "@unit",
    "status": "@status",
    "occurredAt": "@date",
    "scheduledAt": "@scheduled",
    "completedAt": "@completed",
}
_ENROLLMENT = {
    "orgUnit": "@unit",
    "status": "@status",
    "enrolledAt": "@date",
    "occurredAt": "@incident",
    "completedAt": "@completed",
}
#: What people mark a partnership with in the apps.
_MARKS = {"inactive": "@inactive", "potentialDuplicate": "@duplicate"}
_MIDNIGHT = "T00:00:00.000"
_DAYS = {"@date", "@scheduled", "@incident"}


@dataclass(frozen=True)
class Remote:
    """One object as the server has it."""

    uid: str
    type: str
    kind: str
    partnership: str
    cycle: str
    doc: Doc
    deleted: bool


class Wire:
    """Translates for one package."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.attribute_keys = {info.uid: key for key, info in fields.attributes.items()}
        self.element_keys = {info.uid: key for key, info in fields.elements.items()}
        self._uids = {
            "attribute": {key: uid for uid, key in self.attribute_keys.items()},
            "dataElement": {key: uid for uid, key in self.element_keys.items()},
        }
        self._kinds = {stage.uid: kind for kind, stage in fields.stages.items()}

    def remotes(self, entity: Json) -> Iterator[Remote]:
        """A tracked entity of the server and all below it in our program, parents first."""
        uid = entity["trackedEntity"]
        doc = _props(entity, {"orgUnit": "@unit"})
        doc |= _values(entity.get("attributes"), "attribute", self.attribute_keys)
        yield Remote(uid, PARTNERSHIP, "", uid, "", doc, bool(entity.get("deleted")))
        for enrollment in entity.get("enrollments", []):
            if enrollment.get("program", self.fields.program) == self.fields.program:
                yield from self._cycle(uid, enrollment, gone=bool(entity.get("deleted")))

    def _cycle(self, partnership: str, enrollment: Json, *, gone: bool) -> Iterator[Remote]:
        uid = enrollment["enrollment"]
        deleted = gone or bool(enrollment.get("deleted"))
        yield Remote(uid, CYCLE, "", partnership, "", _props(enrollment, _ENROLLMENT), deleted)
        for event in enrollment.get("events", []):
            kind = self._kinds.get(event.get("programStage", ""))
            # A stage that the site added is the site's: it is neither shown nor written here.
            if kind:
                doc = _props(event, _EVENT) | _values(event.get("dataValues"), "dataElement", self.element_keys)
                yield Remote(event["event"], RECORD, kind, partnership, uid, doc, deleted or bool(event.get("deleted")))

    def payload(self, items: Iterable[Item]) -> Json:
        """The flat request body that makes the server's objects like these; values taken away are sent as null."""
        body: Json = {}
        for item in items:
            name = {PARTNERSHIP: "trackedEntities", CYCLE: "enrollments", RECORD: "events"}[item.type]
            body.setdefault(name, []).append(self.object(item))
        return body

    def object(self, item: Item) -> Json:
        """One object of a request body, whole; a field in conflict as the server has it."""
        now = item.outgoing
        if item.type == PARTNERSHIP:
            return {
                "trackedEntity": item.uid,
                "trackedEntityType": self.fields.tracked_entity_type,
                **_back(now, {"orgUnit": "@unit"}),
                **self._values(item, "attributes", "attribute"),
            }
        if item.type == CYCLE:
            doc = {"@incident": now.get("@date", ""), **now}
            return {
                "enrollment": item.uid,
                "trackedEntity": item.partnership,
                "program": self.fields.program,
                **_back(doc, _ENROLLMENT),
            }
        return {
            "event": item.uid,
            "enrollment": item.cycle,
            "program": self.fields.program,
            "programStage": self.fields.stages[item.kind].uid,
            **_back(now, _EVENT),
            **self._values(item, "dataValues", "dataElement"),
        }

    def _values(self, item: Item, name: str, entry: str) -> Json:
        now, uids = item.outgoing, self._uids[entry]
        gone = {key: None for key in item.base or () if key not in now}
        values = [
            {entry: key[1:] if key[0] == "#" else uids[key], "value": value}
            for key, value in (now | gone if gone else now).items()
            if key[0] != "@"
        ]
        return {name: values} if values else {}


def _props(source: Json, names: dict[str, str]) -> Doc:
    doc: Doc = {}
    for name, key in names.items():
        if source.get(name):
            text = str(source[name])
            doc[key] = text[:10] if key in _DAYS or text.endswith(_MIDNIGHT) else text
    if source.get("geometry"):
        doc["@geometry"] = json.dumps(source["geometry"], sort_keys=True)
    if source.get("followUp") or source.get("followup"):
        doc["@followUp"] = "true"
    doc |= {key: "true" for name, key in _MARKS.items() if source.get(name)}
    if (source.get("assignedUser") or {}).get("username"):
        doc["@assigned"] = source["assignedUser"]["username"]
    return doc


def _back(doc: Doc, names: dict[str, str]) -> Json:
    result: Json = {name: doc[key] for name, key in names.items() if doc.get(key)}
    if "@geometry" in doc:
        result["geometry"] = json.loads(doc["@geometry"])
    if "@followUp" in doc:
        # 2.40 knows an event's mark by the older spelling; each version ignores the other's.
        result["followUp"] = result["followup"] = True
    result |= {name: True for name, key in _MARKS.items() if key in doc}
    if "@assigned" in doc:
        result["assignedUser"] = {"username": doc["@assigned"]}
    if result.get("completedAt") and result.get("status") != "COMPLETED":
        # Refused from 2.42 on: an object that was opened again is not completed any more.
        del result["completedAt"]
    return result


def _values(values: list[Json] | None, name: str, keys: dict[str, str]) -> Doc:
    return {
        keys.get(item[name], f"#{item[name]}"): str(item["value"])
        for item in values or []
        if item.get("value") not in (None, "")
    }

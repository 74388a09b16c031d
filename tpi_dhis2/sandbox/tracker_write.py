"""Storing tracker objects: values not sent stay, null and the empty text delete, other properties are replaced."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.fresh import OPTION, OPTION_COMBO
from tpi_dhis2.sandbox.ids import new_uid
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.tracker_bundle import ENROLLMENT, EVENT, KINDS, RELATIONSHIP, TRACKED_ENTITY, Tracked
from tpi_dhis2.sandbox.tracker_checks import CASCADES, Bundle
from tpi_dhis2.sandbox.tracker_rules import assigned_user
from tpi_dhis2.sandbox.tracker_values import as_text
from tpi_dhis2.sandbox.values import Stamps, text_of
from tpi_dhis2.sandbox.web import Json


def user_info(user: Json) -> Json:
    """Return a user as tracker objects name them."""
    found = {"uid": user["id"], "username": user["username"]}
    return {**found, "firstName": user.get("firstName"), "surname": user.get("surname")}


def _shared(value: Any) -> Any:
    """Return a text that many objects hold as one and the same object: a server may hold a million."""
    return sys.intern(value) if type(value) is str else value


def _merged(stored: Json, sent: dict[str, str | None], stamp: Callable[[Json | None], Json]) -> Json:
    """Return values with the sent ones in place; only a real change moves a value's time."""
    found = dict(stored)
    for uid, value in sent.items():
        before = found.get(uid)
        if value is None:
            found.pop(uid, None)
        elif text_of(before) != value:
            found[_shared(uid)] = (_short(value), stamp(before[1] if before else None))
    return found


def _short(value: str) -> str:
    """Return a text; codes, numbers and dates come again and again and are kept once."""
    return sys.intern(value) if len(value) <= len("2026-01-01T00:00:00.000") else value


class Writer:
    """Stores the objects of one import."""

    def __init__(self, bundle: Bundle):
        self.bundle, self.state, self.account = bundle, bundle.state, bundle.account
        self.me = user_info(self.account.user)
        self.stamps = Stamps(self.state.minor, self.state.now(), self.me)

    def store(self, item: Tracked) -> None:
        """Store an object and move the time of the tracked entity it belongs to."""
        fill = {TRACKED_ENTITY: self._entity, ENROLLMENT: self._enrollment, EVENT: self._event,
                RELATIONSHIP: self._relationship}[item.kind]  # fmt: skip
        singular = KINDS[item.kind][1]
        row = self._base(item)
        row[singular] = item.uid
        fill(item, row)
        self.state.put(item.table, item.uid, {name: value for name, value in row.items() if value is not None})
        for uid in owners(self.state, item.kind, row):
            touch(self.state, uid, self.me)

    def _base(self, item: Tracked) -> Json:
        before, now = item.existing or {}, self.state.now()
        return {
            "number": before.get("number") or self.state.next_number(),
            "createdAt": before.get("createdAt") or now,
            "createdAtClient": item.sent.get("createdAtClient") or before.get("createdAtClient"),
            "updatedAt": now,
            "updatedAtClient": item.sent.get("updatedAtClient"),
            "createdBy": before.get("createdBy") or self.me,
            "updatedBy": self.me,
            "deleted": False,
            "orgUnit": _shared(item.sent.get("orgUnit")),
            "geometry": item.sent.get("geometry"),
            "storedBy": None if item.kind == TRACKED_ENTITY else self.account.username,
            "notes": self._notes(item),
        }

    def _notes(self, item: Tracked) -> list[Json]:
        """Return the notes, the new ones at the end."""
        notes = list((item.existing or {}).get("notes") or [])
        for sent in item.sent.get("notes") or []:
            uid = sent.get("note") or new_uid()
            if self.state.get("notes", uid) is None and sent.get("value"):
                self.state.put("notes", uid, item.uid)
                notes.append({"note": uid, "storedAt": self.state.now(), "value": sent["value"], "createdBy": self.me,
                              "storedBy": self.account.username})  # fmt: skip
        return notes

    def _entity(self, item: Tracked, row: Json) -> None:
        before = item.existing or {}
        row["trackedEntityType"] = _shared(item.sent["trackedEntityType"])
        row["inactive"] = bool(item.sent.get("inactive"))
        row["potentialDuplicate"] = bool(item.sent.get("potentialDuplicate"))
        row["owners"] = before.get("owners") or {}
        row["attributes"] = self._attributes(before.get("attributes") or {}, item)

    def _attributes(self, stored: Json, item: Tracked) -> Json:
        sent = {each["attribute"]: as_text(each.get("value")) for each in item.sent.get("attributes") or []}
        return _merged(stored, sent, self.stamps.of_attribute)

    def _enrollment(self, item: Tracked, row: Json) -> None:
        sent, entity = item.sent, self.state.get("trackedEntities", item.sent["trackedEntity"])
        row |= {name: _shared(sent.get(name)) for name in ("trackedEntity", "program", "enrolledAt", "occurredAt")}
        row["occurredAt"] = row["occurredAt"] or row["enrolledAt"]
        row["status"] = sent.get("status") or "ACTIVE"
        row["followUp"] = bool(sent.get("followUp"))
        self._completion(item, row, old_keeps_date=False)
        owners_of = entity.get("owners") or {}
        changes: Json = {"owners": {row["program"]: row["orgUnit"], **owners_of}}
        if sent.get("attributes"):
            changes["attributes"] = self._attributes(entity["attributes"], item)
        self.state.change("trackedEntities", sent["trackedEntity"], **changes)

    def _completion(self, item: Tracked, row: Json, *, old_keeps_date: bool) -> None:
        """Fill in when and by whom something was completed."""
        if row["status"] != "COMPLETED":
            return
        sent, before = item.sent.get("completedAt"), item.existing or {}
        known = sent if self.state.minor > 40 or old_keeps_date else None
        row["completedAt"] = known or before.get("completedAt") or self.state.now()
        row["completedBy"] = self.account.username

    def _event(self, item: Tracked, row: Json) -> None:
        sent = item.sent
        names = ("program", "programStage", "enrollment", "occurredAt", "scheduledAt")
        row |= {name: _shared(sent.get(name)) for name in names}
        enrollment = self.state.get("enrollments", sent.get("enrollment"))
        row["trackedEntity"] = enrollment["trackedEntity"] if enrollment else None
        row["enrollment"] = row["enrollment"] or (item.existing or {}).get("enrollment") or new_uid()
        row["status"] = sent.get("status") or "ACTIVE"
        row["followUp"] = bool(sent.get("followUp"))
        row["attributeOptionCombo"] = _shared(sent.get("attributeOptionCombo")) or OPTION_COMBO
        row["attributeCategoryOptions"] = OPTION
        self._completion(item, row, old_keeps_date=True)
        assigned = assigned_user(self.bundle, sent["assignedUser"]) if sent.get("assignedUser") else None
        if assigned:
            name = f"{assigned.get('firstName')} {assigned.get('surname')}"
            row["assignedUser"] = {**user_info(assigned), "displayName": name}
        stamp = partial(self.stamps.of_data, joins=item.existing is not None)
        values = {each["dataElement"]: as_text(each.get("value")) for each in sent.get("dataValues") or []}
        row["dataValues"] = _merged((item.existing or {}).get("dataValues") or {}, values, stamp)

    def _relationship(self, item: Tracked, row: Json) -> None:
        row |= {name: item.sent[name] for name in ("relationshipType", "from", "to")}
        kind = self.state.get("relationshipTypes", item.sent["relationshipType"])
        row["relationshipName"], row["bidirectional"] = kind["name"], bool(kind.get("bidirectional"))

    def delete(self, item: Tracked) -> None:
        """Mark an object and all below it as deleted."""
        row = self.state.get(item.table, item.uid)
        if row is None or row["deleted"]:
            return
        kind, back, *_ = CASCADES.get(item.kind, ("", ""))
        for child in self.bundle.stored(kind, back, item.uid) if kind else []:
            self.delete(Tracked(kind, {}, child[KINDS[kind][1]], child, 0))
        self.state.change(item.table, item.uid, deleted=True, updatedAt=self.state.now(), updatedBy=self.me)
        if item.kind == EVENT and self.state.get("enrollments", row.get("enrollment")):
            self.state.change("enrollments", row["enrollment"], updatedAt=self.state.now(), updatedBy=self.me)
        for uid in owners(self.state, item.kind, row):
            touch(self.state, uid, self.me)


def owners(state: State, kind: str, row: Json) -> list[str]:
    """Return the tracked entities whose time moves with an object."""
    if kind in (ENROLLMENT, EVENT):
        return [row["trackedEntity"]] if row.get("trackedEntity") else []
    if kind != RELATIONSHIP:
        return []
    ends = [_uid((row.get(side) or {}).get("trackedEntity")) for side in ("from", "to")]
    return [uid for uid in ends if state.get("trackedEntities", uid)]


def _uid(value: Any) -> Any:
    return value.get("trackedEntity") if isinstance(value, dict) else value


def touch(state: State, uid: str, me: Json) -> None:
    """Move the time of a tracked entity."""
    if state.get("trackedEntities", uid):
        state.change("trackedEntities", uid, updatedAt=state.now(), updatedBy=me)


def write(account: Account, bundle: Bundle, items: list[Tracked], *, delete: bool) -> None:
    """Store or delete the objects."""
    writer = Writer(bundle)
    for item in items:
        item.existing = account.state.get(item.table, item.uid)
        if delete:
            writer.delete(item)
        else:
            writer.store(item)

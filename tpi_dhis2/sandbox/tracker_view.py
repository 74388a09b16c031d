"""Tracker objects as the API shows them, and the choice of their fields."""

from __future__ import annotations

from typing import Any

from tpi_dhis2.sandbox.accounts import DATA_READ, Account
from tpi_dhis2.sandbox.fields import Field, expand
from tpi_dhis2.sandbox.web import Json

DEFAULT_FIELDS = {
    "trackedEntities": "*,!relationships,!enrollments,!events,!programOwners",
    "enrollments": "*,!relationships,!events,!attributes",
    "events": "*,!relationships",
    "relationships": "*",
}
PLAIN_ENTITY = ("trackedEntity", "trackedEntityType", "createdAt", "createdAtClient", "updatedAt", "updatedAtClient",
                "orgUnit", "inactive", "deleted")  # fmt: skip
PLAIN_ENROLLMENT = ("enrollment", "createdAt", "createdAtClient", "updatedAt", "updatedAtClient", "trackedEntity",
                    "program", "status", "orgUnit", "enrolledAt", "occurredAt", "followUp", "completedBy",
                    "completedAt", "deleted", "createdBy", "updatedBy", "geometry")  # fmt: skip
PLAIN_EVENT = ("event", "status", "program", "programStage", "enrollment", "trackedEntity", "orgUnit", "occurredAt",
               "scheduledAt", "storedBy", "followUp", "deleted", "createdAt", "createdAtClient", "updatedAt",
               "updatedAtClient", "attributeOptionCombo", "attributeCategoryOptions", "completedBy", "completedAt",
               "assignedUser", "createdBy", "updatedBy", "geometry")  # fmt: skip
PLAIN_RELATIONSHIP = ("relationship", "relationshipType", "relationshipName", "bidirectional", "createdAt",
                      "updatedAt", "deleted", "from", "to")  # fmt: skip


def choose(wanted: list[Field], found: Json) -> Json:
    """Return the wanted fields of JSON."""
    names = list(found)
    chosen: Json = {}
    for each in expand(wanted, {"*": names, ":all": names}):
        if each.name in found and found[each.name] is not None:
            value = found[each.name]
            chosen[each.name] = _inner(each, value) if each.fields else value
    return chosen


def _inner(wanted: Field, value: Any) -> Any:
    if isinstance(value, list):
        return [choose(wanted.fields, each) if isinstance(each, dict) else each for each in value]
    return choose(wanted.fields, value) if isinstance(value, dict) else value


class View:
    """Shows tracker objects to one user: with or without what is deleted, for one program or all."""

    def __init__(self, account: Account, *, program: str | None = None, deleted: bool = False):
        self.account, self.state = account, account.state
        self.program, self.deleted = program, deleted

    def entity(self, row: Json) -> Json:
        """Return a tracked entity with all below it."""
        found = {name: row.get(name) for name in PLAIN_ENTITY}
        found["potentialDuplicate"] = False
        found |= {name: row.get(name) for name in ("geometry", "createdBy", "updatedBy")}
        found["relationships"] = self.relationships(row["trackedEntity"])
        found["attributes"] = self.attributes(row, self._attribute_uids(row))
        found["enrollments"] = [self.enrollment(each) for each in self._enrollments(row)]
        owners = [(program, unit) for program, unit in (row.get("owners") or {}).items() if self._shows(program)]
        found["programOwners"] = [
            {"orgUnit": unit, "trackedEntity": row["trackedEntity"], "program": program} for program, unit in owners
        ]
        return found

    def _shows(self, program: str) -> bool:
        readable = self.account.may(self.state.get("programs", program), DATA_READ)
        return readable and self.program in (None, program)

    def _enrollments(self, row: Json) -> list[Json]:
        rows = self.state.table("enrollments").values()
        mine = [each for each in rows if each["trackedEntity"] == row["trackedEntity"] and self._shows(each["program"])]
        return [each for each in mine if self.deleted or not each["deleted"]]

    def _attribute_uids(self, row: Json) -> set[str]:
        """Return the attributes to show: those of the type and of the program that is asked for; all on 2.40."""
        if self.state.minor == 40 and self.program is None:
            return set(row["attributes"])
        kind = self.state.get("trackedEntityTypes", row["trackedEntityType"]) or {}
        program = self.state.get("programs", self.program) or {}
        rows = list(kind.get("trackedEntityTypeAttributes") or [])
        rows += program.get("programTrackedEntityAttributes") or []
        return {each["trackedEntityAttribute"]["id"] for each in rows}

    def attributes(self, row: Json, shown: set[str]) -> list[Json]:
        """Return attribute values with what they are called."""
        found = []
        for uid, value in row["attributes"].items():
            subject = self.state.get("trackedEntityAttributes", uid) or {}
            if uid in shown:
                found.append({
                    "attribute": uid, "code": subject.get("code"), "displayName": subject.get("name"),
                    "createdAt": value["createdAt"], "updatedAt": value["updatedAt"],
                    "valueType": subject.get("valueType"), "value": value["value"],
                })  # fmt: skip
        return found

    def enrollment(self, row: Json) -> Json:
        """Return an enrollment with its events and attributes."""
        found = {name: row.get(name) for name in PLAIN_ENROLLMENT}
        if self.state.minor == 40:
            found["orgUnitName"] = (self.state.get("organisationUnits", row["orgUnit"]) or {}).get("name")
        events = self.state.table("events").values()
        mine = [each for each in events if each.get("enrollment") == row["enrollment"]]
        found["events"] = [self.event(each) for each in mine if self.deleted or not each["deleted"]]
        found["relationships"] = self.relationships(row["enrollment"])
        program = self.state.get("programs", row["program"]) or {}
        entity = self.state.get("trackedEntities", row["trackedEntity"])
        shown = {each["trackedEntityAttribute"]["id"] for each in program.get("programTrackedEntityAttributes") or []}
        found["attributes"] = self.attributes(entity, shown)
        found["notes"] = self._notes(row)
        return found

    def _notes(self, row: Json) -> list[Json]:
        """Return the notes; who stored them is told from 2.43 on."""
        hidden = () if self.state.minor >= 43 else ("storedBy",)
        return [{name: value for name, value in note.items() if name not in hidden} for note in row["notes"]]

    def event(self, row: Json) -> Json:
        """Return an event with its values."""
        found = {name: row.get(name) for name in PLAIN_EVENT}
        if self.state.minor == 40:
            found["orgUnitName"] = (self.state.get("organisationUnits", row["orgUnit"]) or {}).get("name")
            found["followup"] = found.pop("followUp")
        found["relationships"] = self.relationships(row["event"])
        found["dataValues"] = [{"dataElement": uid, **value} for uid, value in row["dataValues"].items()]
        found["notes"] = self._notes(row)
        return found

    def relationships(self, uid: str) -> list[Json]:
        """Return the relationships of an object."""
        rows = self.state.table("relationships").values()
        mine = [row for row in rows if not row["deleted"] and uid in (end_of(row, "from"), end_of(row, "to"))]
        return [self.relationship(row) for row in mine]

    def relationship(self, row: Json) -> Json:
        """Return a relationship."""
        return {name: row.get(name) for name in PLAIN_RELATIONSHIP}


def end_of(row: Json, side: str) -> Any:
    """Return the UID of the object at one end of a relationship."""
    for name in ("trackedEntity", "enrollment", "event"):
        value = (row.get(side) or {}).get(name)
        if value:
            return value.get(name) if isinstance(value, dict) else value
    return None

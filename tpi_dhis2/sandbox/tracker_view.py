"""Tracker objects as the API shows them: of each only the fields that are asked for are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tpi_dhis2.sandbox.accounts import DATA_READ, Account
from tpi_dhis2.sandbox.fields import Field, expand
from tpi_dhis2.sandbox.fresh import OPTION_COMBO
from tpi_dhis2.sandbox.indexes import ends, value_of
from tpi_dhis2.sandbox.web import Json

DEFAULT_FIELDS = {
    "trackedEntities": "*,!relationships,!enrollments,!events,!programOwners",
    "enrollments": "*,!relationships,!events,!attributes",
    "events": "*,!relationships",
    "relationships": "relationship,relationshipType,from,to",
}
PLAIN = {
    "trackedEntities": ("trackedEntity", "trackedEntityType", "createdAt", "createdAtClient", "updatedAt",
                        "updatedAtClient", "orgUnit", "inactive", "deleted", "geometry", "createdBy", "updatedBy"),
    "enrollments": ("enrollment", "createdAt", "createdAtClient", "updatedAt", "updatedAtClient", "trackedEntity",
                    "program", "status", "orgUnit", "enrolledAt", "occurredAt", "followUp", "completedBy",
                    "completedAt", "deleted", "createdBy", "updatedBy", "geometry"),
    "events": ("event", "status", "program", "programStage", "enrollment", "trackedEntity", "orgUnit", "occurredAt",
               "scheduledAt", "followUp", "deleted", "createdAt", "createdAtClient", "updatedAt", "updatedAtClient",
               "attributeOptionCombo", "attributeCategoryOptions", "completedBy", "completedAt", "assignedUser",
               "createdBy", "updatedBy", "geometry"),
    "relationships": ("relationship", "relationshipType", "relationshipName", "bidirectional", "createdAt",
                      "updatedAt", "from", "to"),
}  # fmt: skip
#: Properties that are tracker objects in turn.
BELOW = ("enrollments", "events", "relationships")
EVERYTHING = [Field("*")]
Show = Callable[[Any], Any]


def _chosen(wanted: list[Field], names: list[str]) -> list[Field]:
    """Return the wanted fields of those that there are."""
    return [each for each in expand(wanted, {"*": names, ":all": names}) if each.name in names]


def _pick(wanted: list[Field]) -> Show:
    """Return how the wanted fields of plain JSON are shown, an object or a list of them; none stands for all."""
    plan: dict[tuple[str, ...], list[tuple[str, Show]]] = {}

    def show(value: Any) -> Any:
        if isinstance(value, list):
            return [show(each) for each in value]
        if not isinstance(value, dict):
            return value
        names = tuple(value)
        if names not in plan:
            plan[names] = [(each.name, _pick(each.fields)) for each in _chosen(wanted, list(names))]
        return {name: inner(value[name]) for name, inner in plan[names] if value[name] is not None}

    return show if wanted else lambda value: value


class View:
    """Shows tracker objects to one user: with or without what is deleted, for one program or all.

    ``every_program`` is for the lists of 2.41, which show of a person the enrollments in other programs, too.
    """

    def __init__(
        self, account: Account, *, program: str | None = None, deleted: bool = False, every_program: bool = False
    ):
        self.account, self.state = account, account.state
        self.program, self.deleted, self.every_program = program, deleted, every_program
        self._shown: dict[tuple[str, str], set[str]] = {}
        self._parts: dict[str, dict[str, Show]] = {
            kind: {name: _property(name) for name in names} | self._made(kind) for kind, names in PLAIN.items()
        }

    def _made(self, kind: str) -> dict[str, Show]:
        """Return the properties that are not stored as they are shown."""
        common: dict[str, Show] = {"relationships": lambda row: self._relationships(row[kind_of(kind)])}
        if kind == "trackedEntities":
            made: dict[str, Show] = {"attributes": self._entity_attributes, "programOwners": self._owners}
            marks: dict[str, Show] = {"potentialDuplicate": lambda row: bool(row.get("potentialDuplicate"))}
            return {**common, **made, **marks, "enrollments": self._enrollments}
        if kind == "relationships":
            return {}
        common |= {"notes": self._notes, **self._of_version(kind)}
        if kind == "events":
            return {**common, "dataValues": self._data_values}
        return {**common, "attributes": self._enrollment_attributes, "events": self._events}

    def _of_version(self, kind: str) -> dict[str, Show]:
        """Return the properties of enrollments and events that not every version has, as recorded."""
        minor = self.state.minor
        found: dict[str, Show] = {}
        if minor == 40:
            found["orgUnitName"] = lambda row: (self.state.get("organisationUnits", row["orgUnit"]) or {}).get("name")
        if kind == "events" and minor <= 41:
            found["followup"] = _property("followUp")
        if kind == "events" and minor == 40:
            found["followUp"] = lambda _row: None
            found["assignedUser"] = lambda row: row.get("assignedUser") or {}
        if kind == "events" and minor in (40, 43):
            found["enrollment"] = self._enrollment_of
        if minor >= 43:
            found["storedBy"] = _property("storedBy")
        if kind == "enrollments" and minor >= 43:
            found["attributeOptionCombo"] = lambda _row: OPTION_COMBO
        return found

    def _enrollment_of(self, row: Json) -> str | None:
        """Return the enrollment of an event, unless its program knows none and the server made one up."""
        program = self.state.get("programs", row["program"]) or {}
        return None if program.get("programType") == "WITHOUT_REGISTRATION" else row["enrollment"]

    def show(self, kind: str, wanted: list[Field]) -> Show:
        """Return how objects of a kind are shown with the wanted fields; what is null is left out."""
        parts = self._parts[kind]
        plan = [(each.name, parts[each.name], self._inner(each)) for each in _chosen(wanted, list(parts))]

        def shown(row: Json) -> Json:
            values = [(name, part(row), inner) for name, part, inner in plan]
            return {name: inner(value) for name, value, inner in values if value is not None}

        return shown

    def _inner(self, wanted: Field) -> Show:
        if wanted.name not in BELOW:
            return _pick(wanted.fields)
        show = self.show(wanted.name, wanted.fields or EVERYTHING)
        return lambda rows: [show(row) for row in rows]

    def _shows(self, program: str) -> bool:
        readable = self.account.may(self.state.get("programs", program), DATA_READ)
        return readable and (self.every_program or self.program in (None, program))

    def _living(self, rows: list[Json]) -> list[Json]:
        return [row for row in rows if self.deleted or not row["deleted"]]

    def _enrollments(self, row: Json) -> list[Json]:
        rows = self._living(self.state.found("enrollments", value_of("trackedEntity"), row["trackedEntity"]))
        return [each for each in rows if self._shows(each["program"])]

    def _events(self, row: Json) -> list[Json]:
        """Return the events of an enrollment, without those of stages whose data the user may not read."""
        rows = self._living(self.state.found("events", value_of("enrollment"), row["enrollment"]))
        return [
            each for each in rows if self.account.may(self.state.get("programStages", each["programStage"]), DATA_READ)
        ]

    def _owners(self, row: Json) -> list[Json]:
        owners = [(program, unit) for program, unit in (row.get("owners") or {}).items() if self._shows(program)]
        return [
            {"orgUnit": unit, "trackedEntity": row["trackedEntity"], "program": program} for program, unit in owners
        ]

    def _entity_attributes(self, row: Json) -> list[Json]:
        """Return the values of the type and of the program that is asked for; all on 2.40."""
        if self.state.minor == 40 and self.program is None:
            return self._attributes(row, set(row["attributes"]))
        of_type = self._owned("trackedEntityTypes", row["trackedEntityType"], "trackedEntityTypeAttributes")
        return self._attributes(row, of_type | self._of_program(self.program or ""))

    def _enrollment_attributes(self, row: Json) -> list[Json]:
        entity = self.state.get("trackedEntities", row["trackedEntity"])
        return self._attributes(entity, self._of_program(row["program"]))

    def _of_program(self, uid: str) -> set[str]:
        return self._owned("programs", uid, "programTrackedEntityAttributes")

    def _owned(self, plural: str, uid: str, children: str) -> set[str]:
        """Return the attributes of a type or program."""
        if (plural, uid) not in self._shown:
            rows = (self.state.get(plural, uid) or {}).get(children) or []
            self._shown[plural, uid] = {each["trackedEntityAttribute"]["id"] for each in rows}
        return self._shown[plural, uid]

    def _attributes(self, row: Json, shown: set[str]) -> list[Json]:
        """Return attribute values with what they are called."""
        found = []
        for uid, (text, stamp) in row["attributes"].items():
            if uid in shown:
                subject = self.state.get("trackedEntityAttributes", uid) or {}
                found.append({
                    "attribute": uid, "code": subject.get("code"), "displayName": subject.get("name"),
                    **stamp, "valueType": subject.get("valueType"), "value": text,
                })  # fmt: skip
        return found

    def _data_values(self, row: Json) -> list[Json]:
        pairs = row["dataValues"].items()
        return [{"dataElement": uid, **stamp, "providedElsewhere": False, "value": text}
                for uid, (text, stamp) in pairs]  # fmt: skip

    def _notes(self, row: Json) -> list[Json]:
        """Return the notes; who stored them is told from 2.43 on, and the writer's full name from 2.41 on."""
        hidden = () if self.state.minor >= 43 else ("storedBy",)
        notes = [{name: value for name, value in note.items() if name not in hidden} for note in row["notes"]]
        if self.state.minor == 40:
            return notes
        return [{**note, "createdBy": _with_name(note["createdBy"])} for note in notes]

    def _relationships(self, uid: str) -> list[Json]:
        rows = self.state.found("relationships", ends, uid)
        return [row for row in rows if not row["deleted"]]


def _property(name: str) -> Show:
    return lambda row: row.get(name)


def kind_of(plural: str) -> str:
    """Return the name of one of a kind: the property with its UID."""
    return {"trackedEntities": "trackedEntity"}.get(plural, plural[:-1])


def _with_name(user: Json) -> Json:
    return {**user, "displayName": f"{user['firstName']} {user['surname']}"}

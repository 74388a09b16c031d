"""Reading a tracker payload: nested or flat, into one flat list of objects with the ids of their parents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.sandbox.ids import full_date, is_uid, new_uid
from tpi_dhis2.sandbox.payload import check_content_type, read_json
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json, RefusalError, Request, refuse

TRACKED_ENTITY, ENROLLMENT, EVENT, RELATIONSHIP = "TRACKED_ENTITY", "ENROLLMENT", "EVENT", "RELATIONSHIP"
KINDS = {
    TRACKED_ENTITY: ("trackedEntities", "trackedEntity"),
    ENROLLMENT: ("enrollments", "enrollment"),
    EVENT: ("events", "event"),
    RELATIONSHIP: ("relationships", "relationship"),
}
PARENTS = {ENROLLMENT: ("trackedEntity",), EVENT: ("enrollment",)}
CHILDREN = {TRACKED_ENTITY: ENROLLMENT, ENROLLMENT: EVENT}
DATES = ("enrolledAt", "occurredAt", "scheduledAt", "completedAt", "createdAtClient", "updatedAtClient")
STATUSES = {
    ENROLLMENT: ("ACTIVE", "COMPLETED", "CANCELLED"),
    EVENT: ("ACTIVE", "COMPLETED", "VISITED", "SCHEDULE", "OVERDUE", "SKIPPED"),
}
GZIP_TEXT = "JSON parse error: Illegal character ((CTRL-CHAR, code 31))"


@dataclass
class Problem:
    """One error or warning of one object."""

    code: str
    text: str
    args: list[Any] = field(default_factory=list)


@dataclass(eq=False)
class Tracked:
    """One tracker object on its way through the import."""

    kind: str
    sent: Json
    uid: str
    existing: Json | None
    place: int
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    @property
    def table(self) -> str:
        """Return the table that holds the kind."""
        return KINDS[self.kind][0]

    def fail(self, code: str, text: str, *args: Any) -> None:
        """Note an error."""
        self.errors.append(Problem(code, text, list(args)))

    def warn(self, code: str, text: str, *args: Any) -> None:
        """Note a warning."""
        self.warnings.append(Problem(code, text, list(args)))


def read_tracker(request: Request, state: State) -> list[Tracked]:
    """Return the objects of a request, parents before children."""
    check_content_type(request)
    broken = 500 if state.minor == 40 else 400
    if request.body.startswith(b"\x1f\x8b"):
        raise refuse(broken, GZIP_TEXT)
    body = read_json(request, broken, "JSON parse error: ")
    if not isinstance(body, dict):
        raise refuse(broken, "Required request body is missing" if body is None else "JSON parse error: not an object")
    found: list[Tracked] = []
    for kind, (plural, _singular) in KINDS.items():
        for sent in body.get(plural) or []:
            _collect(state, kind, sent, {}, found)
    order = {kind: place for place, kind in enumerate(KINDS)}
    return sorted(found, key=lambda each: order[each.kind])


def _collect(state: State, kind: str, sent: Json, parents: Json, found: list[Tracked]) -> None:
    """Add an object and what is nested in it; a child gets the ids of its parents."""
    plural, singular = KINDS[kind]
    flat = {**parents, **{name: value for name, value in sent.items() if value is not None or name == "geometry"}}
    uid = flat.get(singular) or new_uid()
    _check_shape(state, kind, flat)
    child = CHILDREN.get(kind)
    nested = flat.pop(KINDS[child][0], None) if child else None
    links = flat.pop("relationships", None)
    found.append(Tracked(kind, flat, str(uid), state.get(plural, uid), len(found)))
    for each in nested or []:
        _collect(state, child or kind, each, {singular: uid}, found)
    for each in links or []:
        _collect(state, RELATIONSHIP, each, {}, found)


def _check_shape(state: State, kind: str, sent: Json) -> None:
    """Refuse what the server's JSON reader cannot make an object of."""
    broken = 500 if state.minor == 40 else 400
    names = (KINDS[kind][1], *PARENTS.get(kind, ()))
    for name in names:
        value = sent.get(name)
        if state.minor >= 42 and value is not None and not is_uid(value):
            raise _bad_uid(value)
    for name in DATES:
        value = sent.get(name)
        if value is not None:
            sent[name] = full_date(value)
            if sent[name] is None:
                raise refuse(broken, f"JSON parse error: Invalid date format '{value}'")
    status = sent.get("status")
    if status is not None and status not in STATUSES.get(kind, (status,)):
        raise refuse(broken, f'JSON parse error: Cannot deserialize value of type `Status` from String "{status}"')


def _bad_uid(value: Any) -> RefusalError:
    text = f"UID must be an alphanumeric string of 11 characters starting with a letter, but was: {value}"
    return refuse(400, f"JSON parse error: Cannot construct instance of `org.hisp.dhis.common.UID`, problem: {text}")

"""What a GET of /api/tracker asks for: the parameters are checked, and the rows that fit are found by index."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from tpi_dhis2.sandbox.accounts import DATA_READ, Account
from tpi_dhis2.sandbox.indexes import ends, minute, minute_of_update, value_of
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.tracker_filters import attribute_filters, data_filters
from tpi_dhis2.sandbox.tracker_params import (
    choice,
    inside,
    named,
    scope_of,
    uids,
    window,
)
from tpi_dhis2.sandbox.tracker_reach import may_read, may_read_entity
from tpi_dhis2.sandbox.web import Json, Request, bad_parameter, refuse

ENROLLMENT_STATUSES = ("ACTIVE", "COMPLETED", "CANCELLED")
EVENT_STATUSES = ("ACTIVE", "COMPLETED", "VISITED", "SCHEDULE", "OVERDUE", "SKIPPED")
Find = Callable[[Account, Request], list[Json]]


def _program(account: Account, request: Request) -> Json | None:
    """Return the tracker program that a request names."""
    uid = request.one("program")
    program = account.state.get("programs", uid)
    if uid and program is None:
        raise bad_parameter(f"Program is specified but does not exist: {uid}")
    if program and not account.may(program, DATA_READ):
        raise refuse(403, f"User has no access to program: {uid}", "E1006")
    return dict(program) if program else None


def _check_entity_request(account: Account, request: Request, program: Json | None, ids: list[str]) -> None:
    kind, state = request.one("trackedEntityType"), account.state
    if program and program.get("programType") == "WITHOUT_REGISTRATION":
        raise bad_parameter(f"Program specified is not a tracker program: {program['id']}")
    if program and kind:
        raise bad_parameter("`program` and `trackedEntityType` cannot be specified simultaneously")
    if not program and not kind and not ids:
        raise bad_parameter("Either `program`, `trackedEntityType` or `trackedEntities` should be specified")
    if kind and state.get("trackedEntityTypes", kind) is None:
        raise bad_parameter(f"Tracked entity type does not exist: {kind}")
    if state.minor >= 42 and request.one("enrollmentStatus") and not program:
        raise bad_parameter("`program` must be defined when `enrollmentStatus` is defined")
    three = [request.one(name) for name in ("eventStatus", "eventOccurredAfter", "eventOccurredBefore")]
    if any(three) and not all(three):
        text = "`eventOccurredAfter`, `eventOccurredBefore` and `eventStatus` must be specified together"
        raise bad_parameter(text)


def _status(request: Request, name: str, minor: int) -> str | None:
    """Return the wanted enrollment status, under its new or old name."""
    new = choice(request, name, ENROLLMENT_STATUSES, strict=True) if minor >= 42 else None
    old = choice(request, "programStatus", ENROLLMENT_STATUSES, strict=minor >= 42)
    if new and old:
        text = f"Only one parameter of 'programStatus' and '{name}' must be specified. Prefer '{name}'"
        raise bad_parameter(text)
    return new or old


def find_entities(account: Account, request: Request) -> list[Json]:
    """Return the tracked entities that a request asks for."""
    state, ids = account.state, uids(request, account.state, "trackedEntities", "trackedEntity")
    program, updated, deleted = _program(account, request), window(request, state), request.flag("includeDeleted")
    filters = attribute_filters(account, request)
    if state.minor == 40:  # the org unit is missed before the other rules are looked at
        scope_of(account, request, ids=bool(ids))
    _check_entity_request(account, request, program, ids)
    scope = scope_of(account, request, ids=bool(ids))
    if scope.mode == "CHILDREN" and state.minor == 43:
        raise refuse(409, "could not initialize proxy - no Session")
    status, kind = _status(request, "enrollmentStatus", state.minor), request.one("trackedEntityType")
    uid = program["id"] if program else None
    readable = cache(partial(may_read_entity, account, program=uid))
    enrolled = _enrolled(account, uid, request, status) if uid else None

    def wanted(row: Json) -> bool:
        fits = row["deleted"] <= deleted and inside(row["updatedAt"], updated)
        if not (fits and kind in (None, row["trackedEntityType"]) and filters(row)):
            return False
        unit = (row.get("owners") or {}).get(uid, row["orgUnit"])
        fits = scope.covers(unit) and readable(row["trackedEntityType"], unit)
        return fits and (enrolled is None or enrolled(row))

    return [row for row in _candidates(state, "trackedEntities", ids, updated[0]) if wanted(row)]


def _candidates(state: State, table: str, ids: list[str], after: str | None, **plain: str | None) -> list[Json]:
    """Return the rows that may fit: by UID, by a property, or changed since a minute; else all."""
    if ids:
        found = [state.get(table, uid) for uid in dict.fromkeys(ids)]
        return [row for row in found if row]
    for name, value in plain.items():
        if value:
            return state.found(table, value_of(name), value)
    if after is None:
        return list(state.table(table).values())
    index, rows = state.index(table, minute_of_update), state.table(table)
    return [rows[uid] for key in index if str(key) >= minute(after) for uid in index.under(key)]


def _enrolled(account: Account, program: str, request: Request, status: str | None) -> Callable[[Json], bool]:
    """Return whether a tracked entity has an enrollment (and where asked, an event) that fits."""
    state, deleted = account.state, request.flag("includeDeleted")
    limits, occurred = window(request, state, "enrollmentEnrolled"), window(request, state, "eventOccurred")
    wanted = request.one("eventStatus")

    def fits(row: Json) -> bool:
        fits = row["program"] == program and (deleted or not row["deleted"])
        fits = fits and status in (None, row["status"]) and inside(row["enrolledAt"], limits)
        return fits and (not wanted or any(map(event_fits, state.found("events", by_enrollment, row["enrollment"]))))

    def event_fits(row: Json) -> bool:
        return not row["deleted"] and row["status"] == wanted and inside(row.get("occurredAt"), occurred)

    by_entity, by_enrollment = value_of("trackedEntity"), value_of("enrollment")
    return lambda entity: any(map(fits, state.found("enrollments", by_entity, entity["trackedEntity"])))


def _demand_program(account: Account, request: Request, *, coded: bool) -> None:
    if account.state.minor >= 43 and not request.one("program"):
        text = "Required request parameter 'program' is missing"
        raise refuse(400, text, "E1003" if coded else None)


def find_enrollments(account: Account, request: Request) -> list[Json]:
    """Return the enrollments that a request asks for."""
    state = account.state
    _demand_program(account, request, coded=True)
    ids = uids(request, state, "enrollments", "enrollment")
    entity, program = request.one("trackedEntity"), _program(account, request)
    scope, deleted = scope_of(account, request, ids=bool(ids)), request.flag("includeDeleted")
    updated, enrolled = window(request, state), window(request, state, "enrolled")
    status, readable = _status(request, "status", state.minor), cache(partial(may_read, account))

    def wanted(row: Json) -> bool:
        fits = row["deleted"] <= deleted
        fits = fits and (program is None or row["program"] == program["id"]) and entity in (None, row["trackedEntity"])
        fits = fits and status in (None, row["status"]) and inside(row["updatedAt"], updated)
        fits = fits and inside(row["enrolledAt"], enrolled) and scope.covers(row["orgUnit"])
        return fits and readable(row["program"], None, row["orgUnit"])

    return [row for row in _candidates(state, "enrollments", ids, updated[0], trackedEntity=entity) if wanted(row)]


def find_events(account: Account, request: Request) -> list[Json]:
    """Return the events that a request asks for."""
    state = account.state
    _demand_program(account, request, coded=False)
    ids, of_enrollments = uids(request, state, "events", "event"), uids(request, state, "enrollments", "enrollments")
    plain = {name: request.one(name) for name in ("program", "programStage", "trackedEntity")}
    _program(account, request)
    scope = scope_of(account, request, ids=bool(ids), single=True)
    status = choice(request, "status", EVENT_STATUSES, strict=True)
    of_status = _status(request, "enrollmentStatus", state.minor)
    windows = {"updatedAt": window(request, state), "occurredAt": window(request, state, "occurred"),
               "scheduledAt": window(request, state, "scheduled")}  # fmt: skip
    filters, readable = data_filters(account, request), cache(partial(may_read, account))
    deleted = request.flag("includeDeleted")

    def wanted(row: Json) -> bool:
        fits = row["deleted"] <= deleted and status in (None, row["status"])
        fits = fits and all(value in (None, row.get(name)) for name, value in plain.items())
        fits = fits and all(inside(row.get(name), limits) for name, limits in windows.items())
        fits = fits and (not of_enrollments or row["enrollment"] in of_enrollments) and filters(row)
        enrollment = state.get("enrollments", row["enrollment"]) or {"status": None, "deleted": True}
        fits = fits and (of_status is None or (of_status == enrollment["status"] and not enrollment["deleted"]))
        return fits and scope.covers(row["orgUnit"]) and readable(row["program"], row["programStage"], row["orgUnit"])

    entity, after = plain["trackedEntity"], windows["updatedAt"][0]
    if of_enrollments and not ids:
        found = [state.found("events", value_of("enrollment"), uid) for uid in dict.fromkeys(of_enrollments)]
        return [row for rows in found for row in rows if wanted(row)]
    return [row for row in _candidates(state, "events", ids, after, trackedEntity=entity) if wanted(row)]


def find_relationships(account: Account, request: Request) -> list[Json]:
    """Return the relationships of an object."""
    entity = named(request, account.state, "trackedEntity", "tei") or request.one("trackedEntity")
    uid: Any = entity or request.one("enrollment") or request.one("event")
    if not uid:
        text = "Missing required parameter 'trackedEntity', 'enrollment' or 'event'."
        raise refuse(400, text, None if account.state.minor == 40 else "E1003")
    rows = account.state.found("relationships", ends, uid)
    return [row for row in rows if request.flag("includeDeleted") or not row["deleted"]]


KINDS: dict[str, Find] = {
    "trackedEntities": find_entities,
    "enrollments": find_enrollments,
    "events": find_events,
    "relationships": find_relationships,
}

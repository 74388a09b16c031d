"""GET /api/tracker: tracked entities, enrollments, events and relationships that the user may read."""

from __future__ import annotations

from tpi_dhis2.sandbox import jobs
from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.fields import parse_fields
from tpi_dhis2.sandbox.ids import is_uid
from tpi_dhis2.sandbox.indexes import value_of
from tpi_dhis2.sandbox.tracker_filters import in_order, wanted_order
from tpi_dhis2.sandbox.tracker_find import KINDS
from tpi_dhis2.sandbox.tracker_params import (
    BAD_UID,
    check_old_names,
    check_size,
    named,
    pager,
    paging,
)
from tpi_dhis2.sandbox.tracker_reach import may_read_owned, may_read_row
from tpi_dhis2.sandbox.tracker_view import DEFAULT_FIELDS, View
from tpi_dhis2.sandbox.web import Json, Reply, Request, missing, not_found_page, refuse

NAMES = {"trackedEntities": "TrackedEntity", "enrollments": "Enrollment", "events": "Event",
         "relationships": "Relationship"}  # fmt: skip


def read(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer GET /api/tracker/..."""
    kind, rest = parts[0], parts[1:]
    if kind == "jobs" and rest:
        return _job(account, rest, request)
    if kind not in KINDS or len(rest) > 1:
        return not_found_page()
    return _one(account, kind, rest[0], request) if rest else _list(account, kind, request)


def _job(account: Account, rest: list[str], request: Request) -> Reply:
    if not is_uid(rest[0]):
        raise refuse(400, BAD_UID.format(rest[0]))
    if rest[1:] == ["report"]:
        return jobs.tracker_report(account.state, rest[0], request)
    return jobs.look_at(account.state, rest[0])


def _list(account: Account, kind: str, request: Request) -> Reply:
    """Answer with a page of a list."""
    state, page = account.state, paging(request, account.state)
    check_old_names(account, kind, request)
    order = wanted_order(account, kind, request)
    if kind == "trackedEntities" and page:
        check_size(page[1], state.minor)
    below = named(request, state, "orgUnitMode", "ouMode") == "DESCENDANTS"
    found = in_order(account, kind, KINDS[kind](account, request), order, request.one("program"), below=below)
    if state.minor == 40 and kind == "enrollments" and request.flag("totalPages") and len(found) > 1:
        raise refuse(409, f"query did not return a unique result: {len(found)}")
    part = found if page is None else found[(page[0] - 1) * page[1] : page[0] * page[1]]
    by_ids = state.minor == 40 and kind == "enrollments" and request.one("enrollment")
    body: Json = {} if page is None or by_ids else pager(len(found), len(part), page, request, state, kind)
    key = "instances" if state.minor == 40 else kind
    body[key] = _shown(account, kind, part, request, deleted=request.flag("includeDeleted"), many=True)
    return Reply(200, body)


def _shown(account: Account, kind: str, rows: list[Json], request: Request, *, deleted: bool, many: bool) -> list[Json]:
    program = request.one("program") if kind == "trackedEntities" else None
    wanted = parse_fields(",".join(request.many("fields")) or DEFAULT_FIELDS[kind])
    view = View(account, program=program, deleted=deleted, every_program=many and account.state.minor == 41)
    show = view.show(kind, wanted)
    return [show(row) for row in rows]


def _one(account: Account, kind: str, uid: str, request: Request) -> Reply:
    """Answer with one object; what is deleted is not found."""
    state, name = account.state, NAMES[kind]
    if not is_uid(uid) and state.minor > 40:
        raise refuse(400, f"Value '{uid}' is not valid for path parameter uid. {BAD_UID.format(uid)}")
    program = request.one("program")
    if program and state.get("programs", program) is None:
        raise missing("Program", program)
    row = state.get(kind, uid)
    if row is None or row["deleted"]:
        fails = row and state.minor == 40 and kind == "trackedEntities" and program
        raise refuse(500, name) if fails else missing(name, uid)
    unread = kind == "trackedEntities" and not may_read_owned(account, row, program)
    if unread or (kind in ("events", "enrollments") and not may_read_row(account, row)):
        if state.minor == 40 and kind == "trackedEntities":
            raise refuse(401, "OWNERSHIP_ACCESS_DENIED") if program else refuse(409, "[OWNERSHIP_ACCESS_DENIED]")
        if state.minor == 41:
            raise refuse(403, f"User has no access to {name}: `{uid}`", "E1006")
        raise missing(name, uid)
    if program and kind == "trackedEntities" and program not in _programs_of(account, uid) and state.minor >= 42:
        raise missing(name, uid)
    return Reply(200, _shown(account, kind, [row], request, deleted=False, many=False)[0])


def _programs_of(account: Account, entity: str) -> list[str]:
    rows = account.state.found("enrollments", value_of("trackedEntity"), entity)
    return [row["program"] for row in rows if not row["deleted"]]

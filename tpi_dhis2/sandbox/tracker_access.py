"""What a user who is no superuser may write: org units in scope, and data sharing of types, programs and stages."""

from __future__ import annotations

from tpi_dhis2.sandbox.accounts import DATA_READ, DATA_WRITE
from tpi_dhis2.sandbox.tracker_bundle import ENROLLMENT, EVENT, TRACKED_ENTITY, Tracked
from tpi_dhis2.sandbox.tracker_checks import Bundle


def _deny(bundle: Bundle, item: Tracked, code: str, what: str, uid: str) -> None:
    who = bundle.account.uid
    item.fail(code, f"User: `{who}` has no access to {what}: `{uid}`.", who, uid)


def _check_unit(bundle: Bundle, item: Tracked) -> None:
    unit = item.sent["orgUnit"]
    if not bundle.account.in_scope(unit):
        _deny(bundle, item, "E1000", "OrganisationUnit", unit)


def check_access(bundle: Bundle, item: Tracked) -> None:
    """Find what the user may not write."""
    if bundle.account.superuser:
        return
    {TRACKED_ENTITY: _check_entity, ENROLLMENT: _check_enrollment, EVENT: _check_event}[item.kind](bundle, item)


def _check_entity(bundle: Bundle, item: Tracked) -> None:
    kind = item.sent["trackedEntityType"]
    if item.existing is not None and not bundle.account.in_scope(item.existing["orgUnit"]):
        code = "E1324" if bundle.state.minor >= 43 else "E1003"
        _deny(bundle, item, code, "TrackedEntity", item.uid)
        return
    _check_unit(bundle, item)
    if not bundle.account.may(bundle.meta("trackedEntityTypes", kind), DATA_WRITE):
        _deny(bundle, item, "E1001", "TrackedEntityType", kind)


def _check_enrollment(bundle: Bundle, item: Tracked) -> None:
    account, program = bundle.account, bundle.meta("programs", item.sent["program"])
    _check_unit(bundle, item)
    if not account.may(program, DATA_WRITE):
        _deny(bundle, item, "E1091", "Program", program["id"])
    _check_type_read(bundle, item, program)
    entity = bundle.look(TRACKED_ENTITY, item.sent["trackedEntity"]) or {}
    if "orgUnit" in entity and not account.in_scope(entity["orgUnit"]):
        _deny(bundle, item, "E1102", "TrackedEntity", item.sent["trackedEntity"])


def _check_type_read(bundle: Bundle, item: Tracked, program: dict[str, object]) -> None:
    reference = program.get("trackedEntityType")
    if isinstance(reference, dict):
        kind = bundle.meta("trackedEntityTypes", reference["id"])
        if not bundle.account.may(kind, DATA_READ):
            _deny(bundle, item, "E1104", "TrackedEntityType", reference["id"])


def _check_event(bundle: Bundle, item: Tracked) -> None:
    account = bundle.account
    stage = bundle.meta("programStages", item.sent["programStage"])
    program = bundle.meta("programs", item.sent["program"])
    if item.existing is None or item.existing["orgUnit"] != item.sent["orgUnit"]:
        _check_unit(bundle, item)
    if program.get("programType") == "WITHOUT_REGISTRATION":
        if not account.may(program, DATA_WRITE):
            _deny(bundle, item, "E1091", "Program", program["id"])
        return
    if not account.may(stage, DATA_WRITE):
        _deny(bundle, item, "E1095", "ProgramStage", stage["id"])
    if not account.may(program, DATA_READ):
        _deny(bundle, item, "E1096", "Program", program["id"])
    _check_type_read(bundle, item, program)
    done = (item.existing or {}).get("status") == "COMPLETED"
    if done and item.sent.get("status") != "COMPLETED" and not account.has("F_UNCOMPLETE_EVENT"):
        item.fail("E1083", f"User: `{account.uid}`, is not authorized to modify completed events.", account.uid)

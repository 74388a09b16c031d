"""POST /api/tracker: validate a bundle, then store all of it, or what is valid, and report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.ids import new_uid
from tpi_dhis2.sandbox.jobs import TRACKER, end_job, new_job, say, wait
from tpi_dhis2.sandbox.payload import read_json
from tpi_dhis2.sandbox.reports import no_stats
from tpi_dhis2.sandbox.rule_effects import run_rules
from tpi_dhis2.sandbox.tracker_access import check_access
from tpi_dhis2.sandbox.tracker_bundle import (
    ENROLLMENT,
    EVENT,
    KINDS,
    PARENTS,
    RELATIONSHIP,
    TRACKED_ENTITY,
    Problem,
    Tracked,
    read_tracker,
)
from tpi_dhis2.sandbox.tracker_checks import (
    Bundle,
    Check,
    check_delete,
    check_existence,
    check_fixed,
    check_meta,
    check_relationship,
    check_required,
)
from tpi_dhis2.sandbox.tracker_fields import check_data_values, check_enrollment_values, check_entity_values
from tpi_dhis2.sandbox.tracker_rules import (
    check_enrollment_relations,
    check_enrollment_state,
    check_event_relations,
    check_event_state,
    fill_program,
)
from tpi_dhis2.sandbox.tracker_write import user_info, write
from tpi_dhis2.sandbox.web import Json, Reply, Request, message, missing, refuse

PARAMETERS = {
    "importStrategy": ("CREATE_AND_UPDATE", "CREATE", "UPDATE", "DELETE"),
    "atomicMode": ("ALL", "OBJECT"),
    "importMode": ("COMMIT", "VALIDATE"),
    "reportMode": ("ERRORS", "WARNINGS", "FULL"),
    "validationMode": ("FULL", "FAIL_FAST", "SKIP"),
    "skipRuleEngine": ("false", "true"),
}
# The steps of the validation: an object with errors after one step does not take the next.
STEPS: dict[str, tuple[tuple[Check, ...], ...]] = {
    TRACKED_ENTITY: ((check_existence,), (check_required,), (check_meta,), (check_fixed,), (check_access,),
                     (check_entity_values,)),
    ENROLLMENT: ((check_existence,), (check_required,), (check_meta,), (check_fixed,), (check_enrollment_relations,),
                 (check_access,), (check_enrollment_state, check_enrollment_values)),
    EVENT: ((check_existence,), (fill_program, check_required), (check_meta,), (check_fixed,),
            (check_event_relations,), (check_access,), (check_event_state, check_data_values)),
    RELATIONSHIP: ((check_existence,), (check_required,), (check_meta,), (check_relationship,)),
}  # fmt: skip


def parameters(request: Request) -> dict[str, str]:
    """Read the parameters; a value that is not known is refused."""
    found = {}
    for name, values in PARAMETERS.items():
        value = request.one(name) or values[0]
        if value not in values:
            text = f"Value '{value}' is not valid for parameter {name}. Valid values are: [{', '.join(values)}]"
            raise refuse(400, text)
        found[name] = value
    return found


def post_tracker(account: Account, request: Request) -> Reply:
    """Answer POST /api/tracker."""
    wanted, state = parameters(request), account.state
    items = read_tracker(request, state)
    if request.flag("async", default=True):
        uid = new_job(state, TRACKER)
        wait(state, uid, _steps(account, uid, items, wanted))
        path = "/api/tracker/jobs/" if state.minor < 42 else "/tracker/jobs/"
        response = {"id": uid, "location": request.base_url + path + uid}
        response |= {} if state.minor == 41 else {"responseType": "TrackerJobWebMessageResponse"}
        return message(200, "Tracker job added", response=response)
    report = run(account, items, wanted)
    return Reply(409 if report["status"] == "ERROR" else 200, report)


def _steps(account: Account, uid: str, items: list[Tracked], wanted: dict[str, str]) -> Iterator[None]:
    """Begin; import and keep the report. What stands on the server is looked at only when the job runs.

    A 2.40 keeps what the job of an account without the authority ALL says from everybody, and its report, too.
    """
    hidden = account.state.minor == 40 and not account.superuser
    if not hidden:
        say(account.state, uid, ["Tracker import started"])
    yield
    for item in items:
        item.existing = account.state.get(item.table, item.uid)
    report = run(account, items, {**wanted, "reportMode": "FULL"})
    if not hidden:
        end_job(account.state, uid, report)


def post_note(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer POST /api/tracker/{enrollments|events}/{uid}/note."""
    kind, uid = parts[:2]
    row = account.state.get(kind, uid)
    if row is None or row["deleted"]:
        raise missing({"enrollments": "Enrollment", "events": "Event"}[kind], uid)
    sent = read_json(request, 400) or {}
    note = {"note": sent.get("note") or new_uid(), "value": sent.get("value")}
    stored = {**note, "storedAt": account.state.now(), "createdBy": user_info(account.user)}
    account.state.put("notes", note["note"], uid)
    account.state.change(kind, uid, notes=[*row["notes"], {**stored, "storedBy": account.username}])
    return Reply(200, note)


def validate(bundle: Bundle, mode: str) -> None:
    """Find the problems of all objects."""
    for item in bundle.items:
        steps = ((check_existence,), (check_delete,)) if bundle.strategy == "DELETE" else STEPS[item.kind]
        for step in steps:
            for check in step:
                check(bundle, item)
            if item.errors:
                break
        if mode == "FAIL_FAST" and item.errors:
            item.errors = item.errors[:1]
            return


def _drop_dependants(bundle: Bundle) -> None:
    """Refuse what hangs on an object that is refused; what hangs on that in turn is not even counted."""
    refused = {(item.kind, item.uid) for item in bundle.items if item.errors}
    parents = {ENROLLMENT: TRACKED_ENTITY, EVENT: ENROLLMENT}
    for item in list(bundle.items):
        for name in PARENTS.get(item.kind, ()):
            parent = (parents[item.kind], item.sent.get(name))
            if parent not in refused or item.errors or bundle.state.get(KINDS[parent[0]][0], parent[1]) is not None:
                continue
            if any(problem.code == "E5000" for problem in bundle.by_uid[parent].errors):
                bundle.items = [each for each in bundle.items if each is not item]
            else:
                kind = KINDS[item.kind][1]
                reason = f"{name} `{parent[1]}` referenced by it could not be created."
                text = f"{kind} `{item.uid}` cannot be created because {reason}"
                item.fail("E5000", text, kind, item.uid, name, parent[1])
            refused.add((item.kind, item.uid))


def run(account: Account, items: list[Tracked], wanted: dict[str, str]) -> Json:
    """Import the objects and return the report."""
    bundle = Bundle(account, items, wanted["importStrategy"])
    checked = not (wanted["validationMode"] == "SKIP" and account.superuser)
    if checked:
        validate(bundle, wanted["validationMode"])
    if bundle.strategy != "DELETE":
        _drop_dependants(bundle)
        if checked and wanted["skipRuleEngine"] == "false":
            run_rules(bundle, fail_fast=wanted["validationMode"] == "FAIL_FAST")
            _drop_dependants(bundle)
    items = bundle.items
    bad = any(item.errors for item in items)
    if bad and wanted["atomicMode"] == "ALL":
        return _report(account, bundle, [], wanted, status="ERROR")
    links = [item for item in items if item.kind == RELATIONSHIP and bundle.strategy != "DELETE"]
    stored_links = [item for item in links if item.existing]
    for item in stored_links:
        item.warn("E4015", f"Relationship: `{item.uid}` already exists.", item.uid)
    good = [item for item in items if not item.errors and item not in stored_links]
    if wanted["importMode"] == "VALIDATE":
        return _report(account, bundle, None, wanted, status="OK")
    existed = {(item.kind, item.uid) for item in good if item.existing is not None}
    write(account, bundle, good, delete=bundle.strategy == "DELETE")
    outcomes = [(item, _outcome(bundle, item, existed)) for item in good]
    return _report(account, bundle, outcomes, wanted, status="OK")


def _outcome(bundle: Bundle, item: Tracked, existed: set[tuple[str, str]]) -> str:
    if bundle.strategy == "DELETE":
        return "deleted"
    return "updated" if (item.kind, item.uid) in existed else "created"


def _problems(items: list[Tracked], kind: str, code: str, minor: int) -> list[Json]:
    """Return the error or warning reports; 2.40 has no args."""
    found = []
    for item in items:
        problems: list[Problem] = getattr(item, kind)
        for each in problems:
            report = {"message": each.text, code: each.code, "trackerType": item.kind, "uid": item.uid}
            with_args = kind == "errors" and minor > 40
            found.append(report | ({"args": [str(arg) for arg in each.args]} if with_args else {}))
    return found


def _report(
    account: Account, bundle: Bundle, outcomes: list[tuple[Tracked, str]] | None, wanted: dict[str, str], *, status: str
) -> Json:
    """Return the import report; no outcomes at all (None) is a validation only."""
    minor, items = account.state.minor, bundle.items
    warnings = [] if wanted["reportMode"] == "ERRORS" else _problems(items, "warnings", "warningCode", minor)
    report: Json = {"status": status}
    report["validationReport"] = {
        "errorReports": _problems(items, "errors", "errorCode", minor),
        "warningReports": warnings,
    }
    stats = no_stats()
    for _item, outcome in outcomes or []:
        stats[outcome] += 1
    good = sum(not item.errors for item in items) if outcomes is None else len(outcomes)
    stats["ignored"] = len(items) - good
    stats["total"] = len(items) - (good if outcomes is None else 0)
    report["stats"] = stats
    if minor == 40 and wanted["reportMode"] == "FULL":
        report["timingsStats"] = {"timers": {}}
    if status != "ERROR":
        old = {"empty": True} if minor == 40 else {}  # whatever is in it
        report["bundleReport"] = {"typeReportMap": {} if outcomes is None else _types(bundle, outcomes, minor), **old}
    return report


def _types(bundle: Bundle, outcomes: list[tuple[Tracked, str]], minor: int) -> Json:
    """Return the reports of the four kinds, in the order of the version."""
    order = [TRACKED_ENTITY, RELATIONSHIP] if minor == 40 else [RELATIONSHIP, TRACKED_ENTITY]
    found: Json = {}
    for kind in [*order, ENROLLMENT, EVENT]:
        stats, objects = no_stats(), list[Json]()
        for item, outcome in [pair for pair in outcomes if pair[0].kind == kind]:
            stats[outcome] += 1
            entry: dict[str, Any] = {"trackerType": kind, "uid": item.uid, "errorReports": []}
            objects.append({**entry, "index": len(objects)} if minor == 40 else entry)
        stats["total"] = sum(item.kind == kind for item in bundle.items)
        stats["ignored"] = stats["total"] - len(objects)
        found[kind] = {"trackerType": kind, "stats": stats, "objectReports": objects}
    return found

"""POST /api/maintenance: removing for good what was soft-deleted, so that its UIDs are free again."""

from __future__ import annotations

from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.web import Reply, Request, message, not_found_page, refuse, wrong_method

REMOVALS = {
    "softDeletedRelationshipRemoval": "relationships",
    "softDeletedEventRemoval": "events",
    "softDeletedEnrollmentRemoval": "enrollments",
    "softDeletedTrackedEntityRemoval": "trackedEntities",
}
OLD_NAMES = {
    "softDeletedProgramStageInstanceRemoval": "events",
    "softDeletedProgramInstanceRemoval": "enrollments",
    "softDeletedTrackedEntityInstanceRemoval": "trackedEntities",
}
OTHERS = ("cacheClear", "analyticsTablesClear", "categoryOptionComboUpdate")


def maintenance(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer POST /api/maintenance[/{task}]."""
    if request.method not in ("POST", "PUT"):
        raise wrong_method(request.method)
    known = _tasks(account.state.minor)
    if parts and parts[0] not in known and parts[0] not in OTHERS:
        return not_found_page()
    if not account.has("F_PERFORM_MAINTENANCE"):
        raise refuse(403, "Access is denied, requires one Authority from [F_PERFORM_MAINTENANCE]")
    wanted = parts or [name for name, value in request.query if value == "true"]
    for name in wanted:
        table = {**REMOVALS, **OLD_NAMES}.get(name)
        for uid, row in list(account.state.table(table or "nothing").items()):
            if row["deleted"]:
                account.state.drop(table or "", uid)
    return message(200, "") if account.state.minor >= 43 else Reply(204, text="")


def _tasks(minor: int) -> dict[str, str]:
    """Return the sub-paths of a version: the old names up to 2.41, the new ones from 2.41 on."""
    both = {"softDeletedRelationshipRemoval": "relationships"}
    return both | (REMOVALS if minor > 40 else {}) | (OLD_NAMES if minor <= 41 else {})

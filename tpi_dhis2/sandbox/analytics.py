"""Analytics are not imitated: the sandbox answers as a server does before its first run, and makes no tables."""

from __future__ import annotations

from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.web import RefusalError, Reply, Request, message, not_found_page, refuse, wrong_method

NO_TABLE = (
    "Query failed because a referenced table does not exist. Please ensure analytics job was run (SqlState: 42P01)"
)
#: No server says this. One that began a job would have its caller wait for what never comes.
NONE_HERE = "This is the training sandbox of tpi-dhis2: it has no analytics and makes no tables for them"
OF_RECORDS = ("events", "enrollments", "trackedEntities")
TASKS: tuple[list[str], ...] = ([], ["analytics"], ["monitoring"])
SEES, MAINTAINS = "F_VIEW_EVENT_ANALYTICS", "F_PERFORM_MAINTENANCE"


def query(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer GET /api/analytics and all below it, as recorded before the first run."""
    if request.method != "GET":
        raise wrong_method(request.method)
    if _of_records(account, parts, request) and not account.has(SEES):
        said = f"User is not allowed to view event analytics data: `{account.username}`"
        raise refuse(409, said, "E7217")
    refused = message(409, NO_TABLE, "E7144")
    table = "_".join(["analytics", *(["event", parts[2].lower()] if parts[:1] == ["events"] and parts[2:] else [])])
    old, new = "SqlState: 42P01", f'ERROR: relation "{table}" does not exist'
    return Reply(409, {**refused.body, "devMessage": old if account.state.minor < 42 else new})


def _of_records(account: Account, parts: list[str], request: Request) -> bool:
    """Say whether a query counts or lists records: by its path, or by a program indicator that it names."""
    asked = [value.removeprefix("dx:") for value in request.many("dimension") if value.startswith("dx:")]
    known = account.state.table("programIndicators")
    return parts[:1] in [[kind] for kind in OF_RECORDS] or any(uid in known for uid in ";".join(asked).split(";"))


def build(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer POST /api/resourceTables[/analytics], where a server begins a job; who may not is told what it says."""
    if parts not in TASKS:
        return not_found_page()
    if request.method not in ("POST", "PUT"):
        raise wrong_method(request.method)
    if not account.has(MAINTAINS):
        needed = f", requires one Authority from [{MAINTAINS}]" if account.state.minor >= 42 else ""
        raise RefusalError(message(403, f"Access is denied{needed}"))
    return message(409, NONE_HERE)

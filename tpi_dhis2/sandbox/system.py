"""What the server says of itself: system info, settings, generated UIDs, and that analytics never ran."""

from __future__ import annotations

import hashlib

from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.ids import new_uid
from tpi_dhis2.sandbox.payload import read_json
from tpi_dhis2.sandbox.state import FULL_VERSION
from tpi_dhis2.sandbox.web import Json, Reply, Request, message, not_found_page, refuse, wrong_method

SETTINGS: Json = {"ruleEngineAssignOverwrite": False, "keyAnalyticsMaxLimit": 100000}
#: Where the period types of the analytics tables are kept.
PERIODS = "dataOutputPeriodTypes"


def info(account: Account, request: Request) -> Reply:
    """Answer GET /api/system/info; up to 2.41 nothing is said of analytics that never ran."""
    minor = account.state.minor
    never = {"lastAnalyticsTableSuccess": "1970-01-01T00:00:00.000", "lastAnalyticsTableRuntime": ""}
    return Reply(200, {
        **(never if minor >= 42 else {}),
        "contextPath": request.base_url, "userAgent": request.headers.get("user-agent", ""), "calendar": "iso8601",
        "dateFormat": "yyyy-mm-dd", "serverDate": account.state.now(), "serverTimeZoneId": "Etc/UTC",
        "serverTimeZoneDisplayName": "Coordinated Universal Time",
        "version": FULL_VERSION[minor], "revision": "sandbox",
        "systemName": "tpi-dhis2 training sandbox, not a DHIS2", "instanceBaseUrl": request.base_url,
        "systemId": hashlib.sha256(f"tpi-dhis2 sandbox 2.{minor}".encode()).hexdigest()[:11],
        "encryption": False, "emailConfigured": False,
    })  # fmt: skip


def configuration(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer GET and POST /api/configuration/dataOutputPeriodTypes, which 2.43 has and leaves empty at first."""
    if account.state.minor < 43 or parts != ["dataOutputPeriodTypes"]:
        return not_found_page()
    stored = account.state.table("settings").get(PERIODS, [])
    if request.method == "GET":
        return Reply(200, [{"name": name, "displayName": name} for name in stored])
    if request.method != "POST":
        raise wrong_method(request.method)
    if not account.has("F_SYSTEM_SETTING"):
        raise refuse(403, "Access is denied, requires one Authority from [F_SYSTEM_SETTING]")
    # Yearly comes along, whatever is asked for.
    account.state.put(
        "settings", PERIODS, list(dict.fromkeys([*(each["name"] for each in read_json(request, 409)), "Yearly"]))
    )
    return Reply(204, text="")


def generate_ids(request: Request) -> Reply:
    """Answer GET /api/system/id."""
    return Reply(200, {"codes": [new_uid() for _ in range(int(request.one("limit", "1") or 1))]})


def settings(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer GET and POST /api/systemSettings[/{key}]."""
    limit = {"KeyTrackedEntityMaxLimit": 50000} if account.state.minor > 40 else {}
    values = {**SETTINGS, **limit, **account.state.table("settings")}
    if request.method == "POST":
        return _set(account, parts, request)
    if not parts:
        wanted = request.many("key")
        return Reply(200, {name: value for name, value in values.items() if not wanted or name in wanted})
    name = parts[0]
    if name not in values and account.state.minor > 40:
        raise refuse(404, f"Setting does not exist: {name}", "E1005")
    return Reply(200, {name: values.get(name, "")})


def _set(account: Account, parts: list[str], request: Request) -> Reply:
    if not account.has("F_SYSTEM_SETTING"):
        raise refuse(403, "Access is denied, requires one Authority from [F_SYSTEM_SETTING]")
    value = request.one("value") or request.body.decode()
    account.state.put("settings", parts[0], {"true": True, "false": False}.get(value, value))
    return message(200, f"System setting '{parts[0]}' set to value '{value}'.")

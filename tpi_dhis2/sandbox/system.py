"""What the server says of itself and of who asks: system info, me, settings, tokens, generated UIDs."""

from __future__ import annotations

import hashlib

from tpi_dhis2.sandbox.accounts import Account, new_key
from tpi_dhis2.sandbox.fields import expand, parse_fields
from tpi_dhis2.sandbox.ids import new_uid
from tpi_dhis2.sandbox.payload import check_content_type, read_json
from tpi_dhis2.sandbox.state import FULL_VERSION
from tpi_dhis2.sandbox.thing import Thing
from tpi_dhis2.sandbox.web import Json, Reply, Request, message, missing, not_found_page, refuse, wrong_method

TOKEN_TYPES = ("PERSONAL_ACCESS_TOKEN_V1", "PERSONAL_ACCESS_TOKEN_V2")
API_TOKEN = "org.hisp.dhis.security.apikey.ApiToken"  # noqa: S105 (a class name)
SETTINGS: Json = {"ruleEngineAssignOverwrite": False, "keyAnalyticsMaxLimit": 100000, "KeyTrackedEntityMaxLimit": 50000}
#: Where the period types of the analytics tables are kept.
PERIODS = "dataOutputPeriodTypes"
USER_SETTINGS = {"keyDbLocale": "en", "keyUiLocale": "en", "keyAnalysisDisplayProperty": "name"}


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


def me(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer GET /api/me, /api/me/authorities[/{authority}] and /api/me/settings."""
    if request.method != "GET":
        raise wrong_method(request.method)
    authorities = sorted(account.authorities)
    if parts[:1] == ["authorities"]:
        return Reply(200, authorities if len(parts) == 1 else account.has(parts[1]))
    thing = Thing(account, "users", account.user, request.base_url)
    extra: Json = {
        "authorities": authorities,
        "settings": USER_SETTINGS,
        "programs": _programs(account),
        "dataSets": [],
        "patTokens": [],
    }
    wanted = parse_fields(",".join(request.many("fields")) or "*")
    found = {name: value for name, value in thing.select(wanted).items() if name != "code"}
    names = {field.name for field in expand(wanted, {"*": list(extra), ":all": list(extra)})}
    return Reply(200, {**found, **{name: value for name, value in extra.items() if name in names}})


def _programs(account: Account) -> list[str]:
    """Return the programs of the user's own units that the user may read data of."""
    mine = {ref["id"] for ref in account.user.get("organisationUnits") or []}
    rows = account.state.table("programs").values()
    return [row["id"] for row in rows if mine & {ref["id"] for ref in row["organisationUnits"]} and account.may(row, 2)]


def generate_ids(request: Request) -> Reply:
    """Answer GET /api/system/id."""
    return Reply(200, {"codes": [new_uid() for _ in range(int(request.one("limit", "1") or 1))]})


def settings(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer GET and POST /api/systemSettings[/{key}]."""
    values = {**SETTINGS, **account.state.table("settings")}
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


def tokens(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer /api/apiToken[/{id}]."""
    if request.method == "POST" and not parts:
        return _create_token(account, request)
    mine = {row["id"]: row for row in account.state.table("tokens").values() if row["username"] == account.username}
    if not parts:
        rows = [_shown(row) for row in mine.values()]
        pager = {"page": 1, "total": len(rows), "pageSize": 50, "pageCount": min(1, len(rows))}
        return Reply(200, {"pager": pager, "apiToken": rows})
    if parts[0] not in mine:
        raise missing("ApiToken", parts[0])
    if request.method == "DELETE":
        account.state.drop("tokens", mine[parts[0]]["digest"])
        return message(200, "", response=_token_report(parts[0]))
    return Reply(200, _shown(mine[parts[0]]))


def _shown(token: Json) -> Json:
    """Return a token without what is kept from view."""
    return {name: value for name, value in token.items() if name not in ("username", "digest")}


def _token_report(uid: str) -> Json:
    return {"uid": uid, "klass": API_TOKEN, "errorReports": [], "responseType": "ObjectReportWebMessageResponse"}


def _create_token(account: Account, request: Request) -> Reply:
    """Make a token; its key is told this once."""
    check_content_type(request)
    state, body = account.state, read_json(request, 409) or {}
    known = TOKEN_TYPES if state.minor > 40 else ("PERSONAL_ACCESS_TOKEN",)
    kind = body.get("type", known[-1])
    if kind not in known:
        raise refuse(500, f'Cannot deserialize value of type `ApiTokenType` from String "{kind}"')
    key, uid, month = new_key(state.minor), new_uid(), 30 * 24 * 3600 * 1000
    digest = hashlib.sha256(key.encode()).hexdigest()
    expire = body.get("expire") or state.milliseconds() + month
    state.put("tokens", digest, {
        "id": uid, "digest": digest, "username": account.username, "code": body.get("code"), "type": kind, "version": 2,
        "created": state.now(), "expire": expire, "attributes": body.get("attributes") or [],
    })  # fmt: skip
    return message(201, "", response={"key": key, **_token_report(uid)})

"""Personal access tokens: made, listed and revoked by whom they stand for."""

from __future__ import annotations

import hashlib

from tpi_dhis2.sandbox.accounts import Account, new_key
from tpi_dhis2.sandbox.ids import new_uid
from tpi_dhis2.sandbox.payload import check_content_type, read_json
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json, Reply, Request, message, missing, refuse

TOKEN_TYPES = ("PERSONAL_ACCESS_TOKEN_V1", "PERSONAL_ACCESS_TOKEN_V2")
API_TOKEN = "org.hisp.dhis.security.apikey.ApiToken"  # noqa: S105 (a class name)


def tokens(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer /api/apiToken[/{id}]."""
    if request.method == "POST" and not parts:
        return _create_token(account, request)
    mine = {row["id"]: row for row in in_force(account.state) if row["username"] == account.username}
    if not parts:
        rows = [shown(row) for row in mine.values()]
        pager = {"page": 1, "total": len(rows), "pageSize": 50, "pageCount": min(1, len(rows))}
        return Reply(200, {"pager": pager, "apiToken": rows})
    if parts[0] not in mine:
        raise missing("ApiToken", parts[0])
    if request.method == "DELETE":
        _revoke(account.state, mine[parts[0]])
        return message(200, "", response=_token_report(parts[0]))
    return Reply(200, shown(mine[parts[0]]))


def in_force(state: State) -> list[Json]:
    """Return the tokens of all accounts that are not revoked."""
    return [row for row in state.table("tokens").values() if "revoked" not in row]


def _revoke(state: State, token: Json) -> None:
    """Forget a token; a 2.40 that has it in its cache takes it for a while (the cache lasts an hour)."""
    if state.minor > 40:
        state.drop("tokens", token["digest"])
    else:
        state.change("tokens", token["digest"], revoked=state.milliseconds())


def shown(token: Json) -> Json:
    """Return a token without what is kept from view."""
    hidden = ("username", "digest", "created")
    return {name: value for name, value in token.items() if name not in hidden and value is not None}


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
        "id": uid, "digest": digest, "username": account.username, "code": body.get("code"), "type": kind,
        "version": 1 if state.minor == 40 else 2, "created": state.now(), "expire": expire,
        "attributes": body.get("attributes") or [],
    })  # fmt: skip
    return message(201, "", response={"key": key, **_token_report(uid)})

"""GET /api/me: what the server says of who asks."""

from __future__ import annotations

from tpi_dhis2.sandbox.accounts import DATA_READ, META_READ, Account
from tpi_dhis2.sandbox.fields import expand, parse_fields
from tpi_dhis2.sandbox.thing import Thing
from tpi_dhis2.sandbox.web import Json, Reply, Request, wrong_method

SETTINGS = {"keyDbLocale": "en", "keyUiLocale": "en", "keyAnalysisDisplayProperty": "name"}
#: Properties of a user that are not told here, and those that 2.40 alone tells or does not tell.
HIDDEN = ("code", "favorite", "href", "disabled", "externalAuth", "selfRegistered", "invitation",
          "catDimensionConstraints", "cogsDimensionConstraints")  # fmt: skip
NOT_IN_40, ONLY_IN_40 = "attributeValues", "sharing"


def me(account: Account, parts: list[str], request: Request) -> Reply:
    """Answer GET /api/me, /api/me/authorities[/{authority}] and /api/me/settings."""
    if request.method != "GET":
        raise wrong_method(request.method)
    if parts[:1] == ["authorities"]:
        return Reply(200, sorted(account.authorities) if len(parts) == 1 else account.has(parts[1]))
    wanted, more = parse_fields(",".join(request.many("fields")) or "*"), _more(account)
    found = Thing(account, "users", account.user, request.base_url).select(wanted)
    if "userRoles" in found and account.state.minor in (40, 43):
        found["userRoles"] = [each for each in found["userRoles"] if _readable(account, each["id"])]
    hidden = (*HIDDEN, NOT_IN_40 if account.state.minor == 40 else ONLY_IN_40)
    names = {field.name for field in expand(wanted, {"*": list(more), ":all": list(more)})}
    body = {name: value for name, value in found.items() if name not in hidden}
    return Reply(200, {**body, **{name: value for name, value in more.items() if name in names}})


def _more(account: Account) -> Json:
    """Return what is told here and not with the users."""
    found: Json = {"authorities": sorted(account.authorities), "settings": SETTINGS, "programs": _programs(account),
                   "dataSets": []}  # fmt: skip
    return found | ({"patTokens": []} if account.state.minor > 40 else {})


def _readable(account: Account, role: str) -> bool:
    """Say whether 2.40 or 2.43 tell an account of a role of its own: only where it may read it."""
    return account.may(account.state.get("userRoles", role), META_READ)


def _programs(account: Account) -> list[str]:
    """Return the programs of the user's own units that the user may read data of."""
    mine = {ref["id"] for ref in account.user.get("organisationUnits") or []}
    rows = account.state.table("programs").values()
    return [
        row["id"]
        for row in rows
        if mine & {ref["id"] for ref in row["organisationUnits"]} and account.may(row, DATA_READ)
    ]

"""GET of metadata: lists, single objects, one property, and the export of several types."""

from __future__ import annotations

from tpi_dhis2.sandbox.accounts import META_READ, Account, path_of
from tpi_dhis2.sandbox.fields import Field, parse_fields
from tpi_dhis2.sandbox.ids import is_uid
from tpi_dhis2.sandbox.query import Filter, filtered, ordered, paged
from tpi_dhis2.sandbox.schema import TYPES
from tpi_dhis2.sandbox.state import FULL_VERSION
from tpi_dhis2.sandbox.thing import Thing, knows
from tpi_dhis2.sandbox.tokens import in_force, shown
from tpi_dhis2.sandbox.web import Json, Reply, Request, missing, not_found_page, refuse, wrong_method

NO_READ = "You don't have the proper permissions to read objects of this type."
MISSING_IS_PLAIN = "Program not found for uid: {}"


def things(account: Account, plural: str, base: str = "") -> list[Thing]:
    """Return the objects of a type that the user may read."""
    rows = account.state.table(plural).values()
    shared = TYPES[plural].shared
    return [Thing(account, plural, row, base) for row in rows if not shared or account.may(row, META_READ)]


def wanted_fields(request: Request, default: str, prefix: str = "") -> list[Field]:
    """Return the fields of a request."""
    return parse_fields(",".join(request.many(prefix + "fields")) or default)


def read_list(account: Account, plural: str, request: Request) -> Reply:
    """Answer GET /api/{type}."""
    if plural == "users" and not account.has("F_USER_VIEW"):
        raise refuse(403, NO_READ, "E1006")
    found = things(account, plural, request.base_url)
    if plural == "organisationUnits":
        found = _units(account, found, request)
    return list_reply(account, plural, found, request)


def list_reply(account: Account, plural: str, found: list[Thing], request: Request) -> Reply:
    """Answer with a page of a list, filtered and in order."""
    chosen = ordered(plural, filtered(plural, found, request), request, TYPES[plural].ordered)
    pager, part = paged(chosen, request, account.state.minor, plural)
    if pager and plural == "organisationUnits" and request.one("level") and account.state.minor == 40:
        pager |= {"total": len(account.state.table(plural))}  # counted without the level
    fields = wanted_fields(request, "id,displayName")
    body: Json = {} if pager is None else {"pager": pager}
    body[plural] = [thing.select(fields) for thing in part]
    return Reply(200, body)


def _units(account: Account, found: list[Thing], request: Request) -> list[Thing]:
    """Return the org units that the parameters of their own leave."""
    level = request.one("level")
    if level:
        found = [thing for thing in found if str(thing.value("level")) == level]
    if request.flag("userOnly"):
        mine = {ref["id"] for ref in account.user.get("organisationUnits") or []}
        found = [thing for thing in found if thing.stored["id"] in mine]
    if request.flag("withinUserHierarchy"):
        roots = {ref["id"] for ref in account.user.get("organisationUnits") or []}
        found = [thing for thing in found if roots & set(path_of(account.state, thing.stored["id"]))]
    return found


def find(account: Account, plural: str, uid: str, base: str = "") -> Thing:
    """Return an object, or refuse as the version does."""
    if not is_uid(uid) and account.state.minor >= 42:
        raise wrong_method("GET")
    stored = account.state.get(plural, uid)
    if stored is None:
        raise missing(TYPES[plural].simple, uid)
    if TYPES[plural].shared and not account.may(stored, META_READ):
        raise refuse(403, NO_READ, "E1006")
    return Thing(account, plural, stored, base)


def read_one(account: Account, plural: str, uid: str, request: Request) -> Reply:
    """Answer GET /api/{type}/{id}."""
    thing = find(account, plural, uid, request.base_url)
    around = ("includeDescendants", "includeChildren", "includeAncestors")
    if plural == "organisationUnits" and any(request.flag(name) for name in around):
        return _without_pages(list_reply(account, plural, _around(account, uid, request), request), account)
    return Reply(200, thing.select(wanted_fields(request, "*")))


def _without_pages(reply: Reply, account: Account) -> Reply:
    """Return a list of org units around another as 2.40 does, which has no pager there."""
    old = account.state.minor == 40
    return Reply(200, {name: value for name, value in reply.body.items() if name != "pager" or not old})


def _around(account: Account, uid: str, request: Request) -> list[Thing]:
    """Return an org unit with its descendants, children or ancestors."""
    found = []
    for thing in things(account, "organisationUnits", request.base_url):
        path = path_of(account.state, thing.stored["id"])
        below = request.flag("includeDescendants") and uid in path
        child = request.flag("includeChildren") and uid in path[-2:]
        above = request.flag("includeAncestors") and thing.stored["id"] in path_of(account.state, uid)
        if below or child or above:
            found.append(thing)
    return found


def read_property(account: Account, plural: str, uid: str, name: str, request: Request) -> Reply:
    """Answer GET /api/{type}/{id}/{property}."""
    thing = find(account, plural, uid, request.base_url)
    if not knows(plural, name):
        return not_found_page() if account.state.minor >= 42 else Reply(200, {})
    fields = ",".join(request.many("fields"))
    value = thing.value(name)
    many = isinstance(value, list)
    inner = parse_fields(fields or ("*" if many else ""))
    return Reply(200, thing.select([Field(name, inner, name)]))


def export(account: Account, request: Request) -> Reply:
    """Answer GET /api/metadata; no known type wanted means all."""
    names = {key.split(":")[0] for key, value in request.query if ":" in key or value == "true"}
    chosen = [plural for plural in TYPES if plural in names] or list(TYPES)
    body: Json = {"system": {"id": None, "version": FULL_VERSION[account.state.minor], "date": account.state.now()}}
    for plural in chosen:
        found = _exported(account, plural, request)
        if found:
            body[plural] = found
    tokens = _exported_tokens(account, request) if len(chosen) == len(TYPES) else []
    return Reply(200, {**body, "apiToken": tokens} if tokens else body)


def _exported_tokens(account: Account, request: Request) -> list[Json]:
    """Return the keys of accounts, which versions after 2.40 export with everything else."""
    rows = in_force(account.state) if account.state.minor > 40 and account.superuser else []
    filters = [Filter("users", text) for text in request.many("filter")]
    found = [row for row in rows if all(each.fits(Thing(account, None, row)) for each in filters)]
    wanted = wanted_fields(request, ":owner")
    return [Thing(account, None, shown(row)).select(wanted) for row in found]


def _exported(account: Account, plural: str, request: Request) -> list[Json]:
    found = filtered(plural, things(account, plural), request, f"{plural}:")
    if request.many("filter"):
        found = filtered(plural, found, request)
    fields = request.many(f"{plural}:fields") or request.many("fields") or [":owner"]
    wanted = parse_fields(",".join(fields))
    if request.flag("skipSharing"):
        wanted.append(Field("!sharing"))
    ordered_things = ordered(plural, found, Request("GET", "", [], {}, b"", ""), TYPES[plural].ordered)
    return [thing.select(wanted) for thing in ordered_things]

"""A metadata object as the API shows it: stored properties, and those that follow from other objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tpi_dhis2.sandbox import rights
from tpi_dhis2.sandbox.accounts import DATA_READ, DATA_WRITE, META_READ, Account, groups_of, path_of
from tpi_dhis2.sandbox.fields import Field, expand
from tpi_dhis2.sandbox.properties import COMMON, OWNED
from tpi_dhis2.sandbox.schema import REFERENCES, TYPES
from tpi_dhis2.sandbox.web import Json

IDENTIFIABLE = ["id", "code", "name", "displayName", "created", "lastUpdated", "lastUpdatedBy", "access"]
NAMEABLE = [*IDENTIFIABLE, "shortName", "description", "displayShortName", "displayDescription"]
USER_PROPERTIES = ("createdBy", "lastUpdatedBy", "user")
DATA_SHARED = frozenset({"programs", "programStages", "trackedEntityTypes", "relationshipTypes", "categoryOptions"})
OWNED_BY_OTHERS = {
    "programs": ["programStages", "programSections"],
    "programStageSections": ["programStage"],
    "programRuleActions": ["programRule"],
    "options": ["optionSet"],
    "users": ["userGroups"],
    "organisationUnits": ["path", "level"],
}


class Thing:
    """A stored object (or an object inside of one, without a type) with its readable properties."""

    def __init__(self, account: Account, plural: str | None, stored: Json, base: str = ""):
        self.account, self.plural, self.stored, self.base = account, plural, stored, base
        self.state = account.state

    def value(self, name: str) -> Any:
        """Return a property: JSON, a Thing, or a list of either."""
        special = SPECIAL.get((self.plural or "", name)) or (SPECIAL.get(("*", name)) if self.plural else None)
        return self._wrap(name, special(self) if special else self.stored.get(name))

    def _wrap(self, name: str, value: Any) -> Any:
        if name in USER_PROPERTIES or (name == "users" and self.plural == "userGroups"):
            return value
        if isinstance(value, list):
            return [self._wrap(name, each) for each in value]
        if not isinstance(value, dict) or name in ("sharing", "access"):
            return value
        found = self.state.get(REFERENCES.get(name, ""), value.get("id"))
        return Thing(self.account, REFERENCES[name], found, self.base) if found else Thing(self.account, None, value)

    def names(self) -> dict[str, list[str]]:
        """Return the properties of each preset."""
        if self.plural is None:
            return {preset: list(self.stored) for preset in ("*", ":all", ":owner", ":persisted", ":simple")}
        owner = [name for name in self.stored if self.stored[name] is not None and name != "password"]
        owner += [name for name in OWNED_BY_OTHERS.get(self.plural, []) if self.value(name) is not None]
        whole = list(dict.fromkeys([*owner, *self._readable()]))
        simple = [name for name in whole if not isinstance(self.value(name), list | dict | Thing)]
        return {
            "*": whole, ":all": whole, ":owner": list(dict.fromkeys(owner)), ":persisted": owner,
            ":identifiable": IDENTIFIABLE, ":nameable": NAMEABLE, ":simple": simple,
        }  # fmt: skip

    def _readable(self) -> list[str]:
        """Return the names of what follows from other objects or is computed."""
        derived = [name for plural, name in SPECIAL if plural in (self.plural, "*")]
        return [name for name in derived if self.value(name) is not None]

    def select(self, wanted: list[Field]) -> Json:
        """Return the wanted fields as JSON."""
        found: Json = {}
        for each in expand(wanted, self.names() if any(field.preset for field in wanted) else {}):
            value = self.value(each.name)
            if value is not None:
                found[each.alias] = _transform(each, _plain(value, each))
        return found


def _plain(value: Any, wanted: Field) -> Any:
    """Return JSON: a reference is its id unless more of it is wanted."""
    if isinstance(value, list):
        return [_plain(each, wanted) for each in value]
    if isinstance(value, Thing):
        if wanted.fields:
            return value.select(wanted.fields)
        return {"id": value.stored["id"]} if value.plural else value.stored
    if isinstance(value, dict) and wanted.fields and wanted.name == "access":
        names = {field.name for field in wanted.fields}
        return {name: each for name, each in value.items() if name in names}
    return value


def _transform(wanted: Field, value: Any) -> Any:
    if wanted.transform == "size" and isinstance(value, list):
        return len(value)
    if wanted.transform == "isEmpty":
        return not value
    if wanted.transform == "isNotEmpty":
        return bool(value)
    return value


def user_reference(user: Json | None) -> Json | None:
    """Return a user as it stands in createdBy and the like."""
    if user is None:
        return None
    name = f"{user.get('firstName')} {user.get('surname')}"
    return {"id": user["id"], "code": user.get("code"), "name": name, "displayName": name, "username": user["username"]}


def _access(thing: Thing) -> Json:
    account, plural = thing.account, thing.plural or ""
    shared = TYPES[plural].shared
    update = rights.may_change(account, plural, thing.stored, "UPDATE")
    write = rights.may_change(account, plural, thing.stored, "CREATE")
    read = account.may(thing.stored, META_READ) if shared else True
    access: Json = {"manage": update, "externalize": account.superuser, "write": write, "read": read, "update": update}
    if plural in DATA_SHARED:
        access["data"] = {"write": account.may(thing.stored, DATA_WRITE), "read": account.may(thing.stored, DATA_READ)}
    access["delete"] = rights.may_change(account, plural, thing.stored, "DELETE")
    return access


def _sharing(thing: Thing) -> Json:
    """Return the sharing with the names of the groups."""
    stored = thing.stored.get("sharing") or {"external": False, "users": {}, "userGroups": {}}
    groups: Json = {}
    for uid, each in (stored.get("userGroups") or {}).items():
        group = thing.state.get("userGroups", uid)
        groups[uid] = {**({"displayName": group["name"]} if group else {}), "access": each["access"], "id": uid}
    return {**stored, "userGroups": groups}


def _with(plural: str, back: str) -> Callable[[Thing], list[Json]]:
    """Return the objects of a type whose reference points to the thing."""

    def find(thing: Thing) -> list[Json]:
        rows = thing.state.table(plural).values()
        found = [row for row in rows if (row.get(back) or {}).get("id") == thing.stored["id"]]
        return [{"id": row["id"]} for row in sorted(found, key=lambda row: row.get("sortOrder") or 0)]

    return find


def _listed_by(plural: str, listing: str, *, many: bool = False) -> Callable[[Thing], Any]:
    """Return the object (or all) of a type whose list holds the thing."""

    def find(thing: Thing) -> Any:
        found = [{"id": uid} for uid in thing.state.holders(plural, listing, thing.stored["id"])]
        return found if many else next(iter(found), None)

    return find


def _members(thing: Thing) -> list[Json]:
    users = [user_reference(thing.state.get("users", each["id"])) for each in thing.stored.get("users") or []]
    return [user for user in users if user]


def _name(thing: Thing) -> Any:
    user = thing.plural == "users"
    return f"{thing.stored.get('firstName')} {thing.stored.get('surname')}" if user else thing.stored.get("name")


def _level(thing: Thing) -> int:
    return len(path_of(thing.state, thing.stored["id"]))


def _href(thing: Thing) -> str:
    return f"{thing.base}/api/{thing.plural}/{thing.stored['id']}"


def _stored(name: str) -> Callable[[Thing], Any]:
    return lambda thing: thing.stored.get(name)


SPECIAL: dict[tuple[str, str], Callable[[Thing], Any]] = {
    ("*", "name"): _name,
    ("*", "displayName"): _name,
    ("*", "displayShortName"): _stored("shortName"),
    ("*", "displayDescription"): _stored("description"),
    ("*", "access"): _access,
    ("*", "sharing"): _sharing,
    ("*", "favorites"): lambda _thing: [],
    ("*", "favorite"): lambda _thing: False,
    ("*", "href"): _href,
    ("*", "user"): _stored("createdBy"),
    ("programs", "programStages"): _with("programStages", "program"),
    ("programs", "programSections"): _with("programSections", "program"),
    ("programs", "programIndicators"): _with("programIndicators", "program"),
    ("programs", "programRuleVariables"): _with("programRuleVariables", "program"),
    ("programs", "registration"): lambda thing: thing.stored.get("programType") == "WITH_REGISTRATION",
    ("programs", "withoutRegistration"): lambda thing: thing.stored.get("programType") != "WITH_REGISTRATION",
    ("programStageSections", "programStage"): _listed_by("programStages", "programStageSections"),
    ("programRuleActions", "programRule"): _listed_by("programRules", "programRuleActions"),
    ("options", "optionSet"): _listed_by("optionSets", "options"),
    ("users", "userGroups"): lambda thing: [{"id": uid} for uid in groups_of(thing.state, thing.stored["id"])],
    ("userGroups", "users"): _members,
    ("userRoles", "users"): _listed_by("users", "userRoles", many=True),
    ("organisationUnits", "path"): lambda thing: "/" + "/".join(path_of(thing.state, thing.stored["id"])),
    ("organisationUnits", "level"): _level,
    ("organisationUnits", "leaf"): lambda thing: not _with("organisationUnits", "parent")(thing),
    ("organisationUnits", "children"): _with("organisationUnits", "parent"),
    ("organisationUnits", "programs"): _listed_by("programs", "organisationUnits", many=True),
    ("categoryCombos", "categoryOptionCombos"): _with("categoryOptionCombos", "categoryCombo"),
    ("categoryCombos", "isDefault"): lambda thing: thing.stored.get("name") == "default",
    ("dataElements", "optionSetValue"): lambda thing: thing.stored.get("optionSet") is not None,
    ("dataElements", "dataElementGroups"): _listed_by("dataElementGroups", "dataElements", many=True),
    ("trackedEntityAttributes", "optionSetValue"): lambda thing: thing.stored.get("optionSet") is not None,
    ("indicators", "indicatorGroups"): _listed_by("indicatorGroups", "indicators", many=True),
    ("programIndicators", "programIndicatorGroups"): _listed_by(
        "programIndicatorGroups", "programIndicators", many=True
    ),
}


def knows(plural: str, name: str) -> bool:
    """Say whether a type has a property."""
    return name in OWNED[plural] or name in COMMON or (plural, name) in SPECIAL or ("*", name) in SPECIAL

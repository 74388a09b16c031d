"""A metadata object as the API shows it: the properties that are asked for, as stored or derived."""

from __future__ import annotations

from typing import Any

from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.derived import SPECIAL
from tpi_dhis2.sandbox.fields import Field, expand
from tpi_dhis2.sandbox.properties import COMMON, OWNED
from tpi_dhis2.sandbox.schema import REFERENCES
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json

IDENTIFIABLE = ["id", "code", "name", "created", "lastUpdated", "lastUpdatedBy"]
NAMEABLE = ["id", "code", "name", "created", "lastUpdated", "shortName", "description"]
FIXED = {":identifiable": IDENTIFIABLE, ":nameable": NAMEABLE}
#: Types whose values of attributes the server tells, but not as something of the object's own.
VALUES_APART = frozenset({
    "attributes", "dashboards", "eventFilters", "indicatorTypes", "optionGroups", "organisationUnitLevels",
    "programIndicatorGroups", "programNotificationTemplates", "programRuleActions", "programRuleVariables",
    "programRules", "programSections", "programStageSections", "programStageWorkingLists",
    "trackedEntityInstanceFilters", "userRoles",
})  # fmt: skip
USER_PROPERTIES = ("createdBy", "lastUpdatedBy", "user")
OWNED_BY_OTHERS = {
    "programs": ["programStages", "programSections"],
    "programStageSections": ["programStage"],
    "programRuleActions": ["programRule"],
    "options": ["optionSet"],
    "users": ["userGroups"],
    "organisationUnits": ["path", "level"],
    "dashboards": ["favorites"],
    **{each: ["favorites", "subscribers"] for each in ("visualizations", "eventVisualizations", "maps")},
}


class Thing:
    """A stored object (or an object inside of one, without a type) with its readable properties."""

    account: Account
    plural: str | None
    stored: Json
    base: str
    state: State

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

    def _named(self, preset: str) -> list[str]:
        """Return the properties that a preset stands for; none for one that is not known."""
        if self.plural is None:
            return list(self.stored)
        if preset in FIXED:
            return FIXED[preset]
        owned = self._owned(self.plural)
        if preset in (":owner", ":persisted"):
            return owned
        whole = list(dict.fromkeys([*owned, *self._readable()])) if preset in ("*", ":all", ":simple") else []
        plain = preset == ":simple"
        return [name for name in whole if not (plain and isinstance(self.value(name), list | dict | Thing))]

    def _owned(self, plural: str) -> list[str]:
        """Return the names of what belongs to the object itself."""
        hidden = ("password", "attributeValues" if plural in VALUES_APART else "")
        found = [name for name in self.stored if self.stored[name] is not None and name not in hidden]
        found += [name for name in OWNED_BY_OTHERS.get(plural, []) if self.value(name) is not None]
        return list(dict.fromkeys(found))

    def _readable(self) -> list[str]:
        """Return the names of what follows from other objects or is computed."""
        derived = ["attributeValues", *(name for plural, name in SPECIAL if plural in (self.plural, "*"))]
        return [name for name in derived if self.value(name) is not None]

    def select(self, wanted: list[Field]) -> Json:
        """Return the wanted fields as JSON."""
        found: Json = {}
        names = {field.name: self._named(field.name) for field in wanted if field.preset}
        for each in expand(wanted, names):
            value = self.value(each.name)
            if value is not None:
                found[each.alias] = _transform(each, _plain(value, each))
        return found

    def members(self) -> list[Json]:
        """Return the users that a group lists."""
        listed = [self.state.get("users", each["id"]) for each in self.stored.get("users") or []]
        return [found for found in map(user_reference, listed) if found]


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


def knows(plural: str, name: str) -> bool:
    """Say whether a type has a property."""
    return name in OWNED[plural] or name in COMMON or (plural, name) in SPECIAL or ("*", name) in SPECIAL

"""Properties of metadata objects that follow from other properties, from other objects, or from who asks."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import TYPE_CHECKING, Any

from tpi_dhis2.sandbox import rights
from tpi_dhis2.sandbox.accounts import DATA_READ, DATA_WRITE, META_READ, groups_of, path_of
from tpi_dhis2.sandbox.legacy import accesses
from tpi_dhis2.sandbox.schema import TYPES
from tpi_dhis2.sandbox.web import Json

if TYPE_CHECKING:
    from tpi_dhis2.sandbox.thing import Thing

DATA_SHARED = frozenset({"programs", "programStages", "trackedEntityTypes", "relationshipTypes", "categoryOptions"})
#: Types that nobody can mark as a favourite from 2.43 on.
NO_FAVORITES = frozenset({"programs", "optionSets", "legendSets", "categoryCombos"})
FORM_NAMED = ("programs", "programStages", "constants", "programIndicators", "visualizations", "eventVisualizations")
DRAWINGS = ("visualizations", "eventVisualizations")
_ALL = range(40, 44)
#: What the server tells of drawings beside what is stored, as long as nobody has commented on or subscribed to one.
EMPTY: dict[tuple[str, str], tuple[Any, Container[int]]] = {
    **{(each, "interpretations"): ([], _ALL) for each in DRAWINGS},
    **{(each, "parentGraphMap"): ({}, _ALL) for each in DRAWINGS},
    **{(each, "subscribed"): (False, _ALL) for each in DRAWINGS},
    ("visualizations", "attributeDimensions"): ([], _ALL),
    ("visualizations", "dataElementDimensions"): ([], _ALL),
    ("visualizations", "programIndicatorDimensions"): ([], _ALL),
    ("visualizations", "metaData"): ({}, (42, 43)),
    ("eventVisualizations", "dataDimensionItems"): ([], _ALL),
    ("eventVisualizations", "dataElementGroupSetDimensions"): ([], _ALL),
}


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
    return {name: right for name, right in access.items() if name != "externalize" or thing.state.minor < 43}


def _sharing(thing: Thing) -> Json:
    """Return the sharing with the names of the groups."""
    stored = thing.stored.get("sharing") or {"external": False, "users": {}, "userGroups": {}}
    groups: Json = {}
    for uid, each in (stored.get("userGroups") or {}).items():
        group = thing.state.get("userGroups", uid)
        groups[uid] = {**({"displayName": group["name"]} if group else {}), "access": each["access"], "id": uid}
    found = {**stored, "userGroups": groups}
    return {name: each for name, each in found.items() if name != "external" or thing.state.minor < 43}


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


def _name(thing: Thing) -> Any:
    user = thing.plural == "users"
    return f"{thing.stored.get('firstName')} {thing.stored.get('surname')}" if user else thing.stored.get("name")


def _level(thing: Thing) -> int:
    return len(path_of(thing.state, thing.stored["id"]))


def _href(thing: Thing) -> str:
    return f"{thing.base}/api/{thing.plural}/{thing.stored['id']}"


def _stored(name: str) -> Callable[[Thing], Any]:
    return lambda thing: thing.stored.get(name)


def _fixed(value: Any, versions: Container[int]) -> Callable[[Thing], Any]:
    """Return what is the same for all objects, in some versions."""
    return lambda thing: value if thing.state.minor in versions else None


def _as_references(name: str) -> Callable[[Thing], Any]:
    """Return a list of names as references."""
    return lambda thing: [{"id": each} for each in thing.stored.get(name) or []]


def _place_in_set(thing: Thing) -> Any:
    """Return the place of an option, which 2.40 forgets where no set lists it."""
    orphan = thing.state.minor == 40 and not thing.state.holders("optionSets", "options", thing.stored["id"])
    return None if orphan else thing.stored.get("sortOrder")


def _has_favorites(thing: Thing) -> bool:
    return thing.state.minor < 43 or thing.plural not in NO_FAVORITES


def _form_name(thing: Thing) -> Any:
    return thing.stored.get("formName") or thing.stored.get("name")


def _legacy(name: str) -> Callable[[Thing], Any]:
    """Return a part of the sharing as 2.40 tells it."""
    return lambda thing: accesses(_sharing(thing)).get(name) if thing.state.minor == 40 else None


SPECIAL: dict[tuple[str, str], Callable[[Thing], Any]] = {
    **{
        (each, name): _as_references(f"{name[:-1]}Dimensions")
        for each in DRAWINGS
        for name in ("columns", "rows", "filters")
    },
    **{key: _fixed(value, versions) for key, (value, versions) in EMPTY.items()},
    ("eventVisualizations", "programDimensions"): lambda thing: (
        [{"id": thing.stored["program"]["id"]}] if thing.state.minor > 40 and thing.stored.get("program") else None
    ),
    ("*", "name"): _name,
    ("*", "displayName"): _name,
    ("*", "displayShortName"): _stored("shortName"),
    ("*", "displayDescription"): _stored("description"),
    ("*", "access"): _access,
    ("*", "sharing"): _sharing,
    **{("*", name): _legacy(name) for name in ("publicAccess", "externalAccess", "userAccesses", "userGroupAccesses")},
    ("*", "favorites"): lambda thing: [] if _has_favorites(thing) else None,
    ("*", "favorite"): lambda thing: False if _has_favorites(thing) else None,
    **{(each, "subscribers"): lambda _thing: [] for each in ("visualizations", "eventVisualizations", "maps")},
    **{(each, "displayFormName"): _form_name for each in FORM_NAMED},
    ("dashboards", "displayFormName"): lambda thing: _form_name(thing) if thing.state.minor < 43 else None,
    ("dashboards", "itemCount"): lambda thing: len(thing.stored.get("dashboardItems") or []),
    ("programs", "displayEnrollmentDateLabel"): _stored("enrollmentDateLabel"),
    ("programs", "displayIncidentDateLabel"): _stored("incidentDateLabel"),
    ("programs", "userRoles"): lambda _thing: [],
    ("programStages", "displayExecutionDateLabel"): _stored("executionDateLabel"),
    ("programStages", "formType"): lambda thing: "SECTION" if thing.stored.get("programStageSections") else "DEFAULT",
    ("programRuleActions", "displayContent"): _stored("content"),
    ("programIndicators", "dimensionItem"): _stored("id"),
    ("programIndicators", "dimensionItemType"): lambda _thing: "PROGRAM_INDICATOR",
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
    ("options", "sortOrder"): _place_in_set,
    ("trackedEntityInstanceFilters", "enrollmentStatus"): lambda thing: (
        thing.stored.get("entityQueryCriteria") or {}
    ).get("enrollmentStatus"),
    ("options", "optionSet"): _listed_by("optionSets", "options"),
    ("users", "userGroups"): lambda thing: [{"id": uid} for uid in groups_of(thing.state, thing.stored["id"])],
    ("userGroups", "users"): lambda thing: thing.members(),
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

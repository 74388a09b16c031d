"""Deleting metadata: what the server vetoes, what its database refuses, and what is cleaned up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tpi_dhis2.sandbox.reports import Item, Problem
from tpi_dhis2.sandbox.schema import CHILDREN, REFERENCES, TYPES
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json, refuse

# A reference from one of these does not hold the target: it goes when the target goes.
OWNED_WITH = {
    "programs": ("programStages", "programSections", "programRules", "programRuleVariables", "programIndicators",
                 "trackedEntityInstanceFilters", "eventFilters", "programStageWorkingLists"),
    "programStages": ("programStageSections", "programStageWorkingLists", "programRules", "programRuleVariables"),
    "programRules": ("programRuleActions",),
    "optionSets": ("options",),
}  # fmt: skip
#: What dashboards show, by the property of their items: an item goes with what it shows.
SHOWN = {"visualizations": "visualization", "eventVisualizations": "eventVisualization", "maps": "map"}
LISTED_CHILDREN = {
    "programs": ("notificationTemplates",),
    "programStages": ("programStageSections", "notificationTemplates"),
    "programRules": ("programRuleActions",),
    "optionSets": ("options",),
    "optionGroups": ("options",),
}
FOREIGN_KEY = 'ERROR: update or delete on table "{}" violates foreign key constraint'
#: References that no handler of the server looks after, so that only the database holds the target.
KEYS = (("programNotificationTemplates", "recipientUserGroup", "userGroups"),
        ("programRuleActions", "dataElement", "dataElements"))  # fmt: skip
LOOSE_HOLDERS = ("programRuleActions", "visualizations", "eventVisualizations", "maps", "dashboards", "userGroups")
FIXED = frozenset({"programs", "programStages", "dataElements", "trackedEntityAttributes", "optionSets",
                   "trackedEntityTypes", "programNotificationTemplates", "attributes", "legendSets",
                   "userRoles", "organisationUnits"})  # fmt: skip
LINK_NAMES = {"dataElement", "trackedEntityAttribute", "optionSet", "trackedEntityType", "program", "programStage",
              "notificationTemplates", "attribute", "legendSets", "userRoles", "parent"}  # fmt: skip


def _has_data(state: State, plural: str, uid: str) -> bool:
    """Say whether tracker data, soft-deleted data included, stand on an object."""
    name = {"programs": "program", "programStages": "programStage", "organisationUnits": "orgUnit"}.get(plural)
    kinds = ("trackedEntities", "enrollments", "events")
    return any(row.get(name) == uid for kind in kinds for row in state.table(kind).values() if name)


def check_veto(state: State, items: list[Item]) -> None:
    """Refuse to delete what data or other objects need."""
    going = {(item.type.plural, item.uid) for item in items}
    check_foreign_keys(state, going)
    for item in [each for each in items if each.type.plural != "legendSets"]:  # these are taken off what holds them
        holder = veto(state, item.type.plural, item.uid, going)
        if holder:
            text = f"Object could not be deleted because it is associated with another object: {holder}"
            item.problems.append(Problem("E4030", text))


def check_foreign_keys(state: State, going: set[tuple[str, str]]) -> None:
    """Fail as the recorded databases do: on what a template or an action needs, on a whole package in one bundle."""
    if {"optionSets", "trackedEntityAttributes", "programs"} <= {plural for plural, _uid in going}:
        raise refuse(409, FOREIGN_KEY.format("optionset"))
    for plural, name, target in KEYS:
        for row in state.table(plural).values():
            if (target, (row.get(name) or {}).get("id")) in going and (plural, row["id"]) not in going:
                raise refuse(409, FOREIGN_KEY.format(target[:-1].lower()))


def veto(state: State, plural: str, uid: str, going: set[tuple[str, str]]) -> str | None:
    """Return the kind of object that keeps another from being deleted."""
    if _has_data(state, plural, uid):
        return "Enrollment" if state.minor > 40 else "ProgramInstance"
    if plural not in FIXED or plural in ("programs", "programStages"):
        return None
    for other in TYPES:
        if other in LOOSE_HOLDERS or other in OWNED_WITH.get(plural, ()) or other.endswith("Groups"):
            continue
        for row in state.table(other).values():
            if (other, row["id"]) not in going and (plural, uid) in set(links(row, other)):
                return TYPES[other].simple
    return None


def links(row: Json, plural: str) -> Iterator[tuple[str, str]]:
    """Yield what an object and its children point to and need."""
    children = [each for name in CHILDREN.get(plural, ()) for each in row.get(name) or []]
    values = [{"attribute": each.get("attribute")} for each in row.get("attributeValues") or []]
    for part in [row, *children, *values]:
        for name in LINK_NAMES & set(part):
            for each in part[name] if isinstance(part[name], list) else [part[name]]:
                if isinstance(each, dict) and each.get("id"):
                    yield REFERENCES[name], each["id"]


def delete(state: State, items: list[Item]) -> None:
    """Delete objects, or fail as the recorded servers do."""
    kinds = {item.type.plural for item in items}
    for item in items:
        remove(state, item.type.plural, item.uid)
    late = {"dataElementGroups"} | ({"visualizations", "eventVisualizations"} if state.minor >= 43 else set())
    if late & kinds:
        refusal = refuse(500, "could not initialize proxy - no Session")
        refusal.keep = True
        raise refusal


def remove(state: State, plural: str, uid: str) -> None:
    """Remove an object, what it owns, and the places that list it."""
    gone = state.get(plural, uid)
    if gone is None:
        return
    state.drop(plural, uid)
    _remove_owned(state, plural, uid)
    for name in LISTED_CHILDREN.get(plural, ()):
        for reference in gone.get(name) or []:
            remove(state, REFERENCES[name], reference["id"])
    if plural == "users":
        state.drop("passwords", gone["username"])
    if plural in SHOWN:
        _take_off_dashboards(state, SHOWN[plural], uid)
    names = [name for name, target in REFERENCES.items() if target == plural]
    for other in TYPES:
        for row in list(state.table(other).values()):
            _forget(state, other, row, names, uid)


def _forget(state: State, plural: str, row: Json, names: list[str], uid: str) -> None:
    """Take an identifier out of the lists of an object."""
    changes: dict[str, Any] = {}
    for name in names:
        value = row.get(name)
        if isinstance(value, list) and any(isinstance(each, dict) and each.get("id") == uid for each in value):
            changes[name] = [each for each in value if each.get("id") != uid]
    if changes:
        state.change(plural, row["id"], **changes)


def _remove_owned(state: State, plural: str, uid: str) -> None:
    """Remove what goes with an object that it names as its owner."""
    back = plural[:-1]
    for other in OWNED_WITH.get(plural, ()):
        for row in list(state.table(other).values()):
            if isinstance(row.get(back), dict) and row[back].get("id") == uid:
                remove(state, other, row["id"])


def _take_off_dashboards(state: State, name: str, uid: str) -> None:
    """Take the items that show something from all dashboards."""
    for dashboard in list(state.table("dashboards").values()):
        items = dashboard.get("dashboardItems") or []
        kept = [item for item in items if (item.get(name) or {}).get("id") != uid]
        if len(kept) < len(items):
            state.change("dashboards", dashboard["id"], dashboardItems=kept)

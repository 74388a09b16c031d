"""What the server vetoes to delete, and what its database refuses."""

from __future__ import annotations

from collections.abc import Iterator

from tpi_dhis2.sandbox.reports import Item, Problem
from tpi_dhis2.sandbox.schema import CHILDREN, REFERENCES, TYPES
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json, RefusalError, refuse

# A reference from one of these does not hold the target: it goes when the target goes. A working list goes by its
# foreign key (on delete cascade, V2_40_15), a chart or line list by EventVisualizationDeletionHandler. An event filter
# names its program as a text and is left behind (EventFilter.hbm.xml).
OWNED_WITH = {
    "programs": ("programStages", "programSections", "programRules", "programRuleVariables", "programIndicators",
                 "programStageWorkingLists", "eventVisualizations"),
    "programStages": ("programStageSections", "programStageWorkingLists", "programRules", "programRuleVariables",
                      "eventVisualizations"),
    "programRules": ("programRuleActions",),
    "optionSets": ("options",),
}  # fmt: skip
FOREIGN_KEY = 'ERROR: update or delete on table "{}" violates foreign key constraint'
#: What a 2.40 and a 2.41 say of any foreign key.
NO_STATEMENT = "org.hibernate.exception.ConstraintViolationException: could not execute statement"
_PACKAGE = "org.hisp.dhis"
#: What 2.40.12 says when a chart without a stage is met (NullPointerException in the first handler).
BROKEN_HANDLER = "Object could not be deleted: handler '{}' threw an exception while removing related objects: {}"
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
        found = objection(state, item.type.plural, item.uid, going)
        if found:
            item.problems.append(found)
    check_saved_lists(state, {(item.type.plural, item.uid) for item in items if not item.problems})


def check_foreign_keys(state: State, going: set[tuple[str, str]]) -> None:
    """Fail as the recorded databases do: on what a template or an action needs, on a whole package in one bundle."""
    if {"optionSets", "trackedEntityAttributes", "programs"} <= {plural for plural, _uid in going}:
        raise _held(state, "optionset")
    for plural, name, target in KEYS:
        for row in state.table(plural).values():
            if (target, (row.get(name) or {}).get("id")) in going and (plural, row["id"]) not in going:
                raise _held(state, target[:-1].lower())


def check_saved_lists(state: State, going: set[tuple[str, str]]) -> None:
    """Fail on a program that a saved list of tracked entities names: its foreign key is the only one without a cascade.

    Source: TrackedEntityInstanceFilter.hbm.xml and the base schema, the same from 2.40 to 2.43.
    """
    for uid, row in state.table("trackedEntityInstanceFilters").items():
        held = ("programs", (row.get("program") or {}).get("id"))
        if held in going and ("trackedEntityInstanceFilters", uid) not in going:
            raise _held(state, "program")


def _held(state: State, table: str) -> RefusalError:
    """Return what a version says of a foreign key."""
    return refuse(409, NO_STATEMENT if state.minor < 42 else FOREIGN_KEY.format(table))


def objection(state: State, plural: str, uid: str, going: set[tuple[str, str]]) -> Problem | None:
    """Return why an object cannot be deleted."""
    holder = _veto(state, plural, uid, going)
    if holder:
        text = f"Object could not be deleted because it is associated with another object: {holder}"
        return Problem("E4030", text)
    broken = _chart_without_stage(state, plural, uid, going)
    # The import reports the text of E4060 under the code of a veto (DefaultObjectBundleService.deleteObject, 2.40).
    return Problem("E4030", broken) if broken else None


def _chart_without_stage(state: State, plural: str, uid: str, going: set[tuple[str, str]]) -> str | None:
    """Return what a 2.40 says when it deletes a stage, alone or with its program, while any chart names none."""
    charts = state.table("eventVisualizations").values()
    if state.minor > 40 or all(
        row.get("programStage") or ("eventVisualizations", row["id"]) in going for row in charts
    ):
        return None
    said = BROKEN_HANDLER.format(f"{_PACKAGE}.eventvisualization.EventVisualizationDeletionHandler", "null")
    if plural == "programStages":
        return said
    stages = state.table("programStages").values()
    if plural == "programs" and any((row.get("program") or {}).get("id") == uid for row in stages):
        return BROKEN_HANDLER.format(f"{_PACKAGE}.program.ProgramStageDeletionHandler", said)
    return None


def _veto(state: State, plural: str, uid: str, going: set[tuple[str, str]]) -> str | None:
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

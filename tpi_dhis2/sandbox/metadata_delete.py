"""Deleting metadata: what goes with an object, and where it is taken out."""

from __future__ import annotations

from typing import Any

from tpi_dhis2.sandbox.metadata_veto import OWNED_WITH
from tpi_dhis2.sandbox.reports import Item
from tpi_dhis2.sandbox.schema import REFERENCES, TYPES
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json, refuse

#: What dashboards show, by the property of their items: an item goes with what it shows.
SHOWN = {"visualizations": "visualization", "eventVisualizations": "eventVisualization", "maps": "map"}
LISTED_CHILDREN = {
    "programs": ("notificationTemplates",),
    "programStages": ("programStageSections", "notificationTemplates"),
    "programRules": ("programRuleActions",),
    "optionSets": ("options",),
    "optionGroups": ("options",),
}


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


def take_out_of_sharing(state: State, group: str) -> None:
    """Take a group out of the sharing of everything, as DELETE /api/userGroups/{id} alone does.

    Source: UserGroupController.postDeleteEntity. An import that deletes the group, and the deletion of an account,
    leave the UID where it is; who imports such an object afterwards is refused (ReferencesCheck.checkSharing).
    """
    for plural in TYPES:
        for uid, row in list(state.table(plural).items()):
            sharing = row.get("sharing") or {}
            if group in (sharing.get("userGroups") or {}):
                kept = {each: access for each, access in sharing["userGroups"].items() if each != group}
                state.change(plural, uid, sharing={**sharing, "userGroups": kept})

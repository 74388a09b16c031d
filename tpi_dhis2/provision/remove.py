"""Remove objects from a server: type by type, each step checked by reading back.

One request for all does not work on any recorded server, whatever the order; type by type does. Some deletions answer
500 and have happened all the same, so what is left afterwards decides, not the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tpi_dhis2.dhis2.metadata import Metadata, Refusal
from tpi_dhis2.errors import ServerFailed, ServerRefused

Json = dict[str, Any]
Told = Callable[[str, int], None]

#: What needs another type goes before it (order of the recorded type-by-type removal).
ORDER = (
    "dashboards", "eventVisualizations", "visualizations", "maps", "programStageWorkingLists", "eventFilters",
    "trackedEntityInstanceFilters", "indicatorGroups", "indicators", "indicatorTypes", "programIndicatorGroups",
    "programIndicators", "programRules", "programRuleActions", "programRuleVariables", "programSections", "programs",
    "programStageSections", "programStages", "programNotificationTemplates", "trackedEntityTypes",
    "trackedEntityAttributes", "dataElementGroups", "dataElements", "optionGroups", "options", "optionSets",
    "legendSets", "constants", "userGroups", "userRoles",
)  # fmt: skip
#: Types that are deleted one by one: only so does a server take a group out of the sharing of the site's own objects
#: (``UserGroupController.postDeleteEntity``). With its UID left in there, nobody can import them any more (E5002).
_SINGLY = ("userGroups",)
_CHUNK = 100


def remove_all(metadata: Metadata, found: dict[str, list[str]], told: Told = lambda _kind, _count: None) -> None:
    """Remove objects by type, in the order that servers take.

    ServerRefused names the first type that the server holds on to; what was removed before stays removed.
    """
    for kind in sorted(found, key=ORDER.index):
        remove(metadata, kind, found[kind])
        told(kind, len(found[kind]))


def remove(metadata: Metadata, kind: str, uids: list[str]) -> None:
    """Remove objects of a type and look that they are gone."""
    chunks = [uids[start : start + _CHUNK] for start in range(0, len(uids), _CHUNK)]
    said = [reason for some in chunks for reason in _delete(metadata, kind, some)]
    left = {item["id"]: item.get("name", item["id"]) for item in metadata.named(kind, "id", uids, "id,name")}
    if left:
        raise ServerRefused(
            f"The server keeps {len(left)} of {len(uids)} {kind}, first '{next(iter(left.values()))}':"
            f" {said[0] if said else 'it gave no reason'}",
            "Free what it names (a role from its users, an object that the site made of ours), then run the same"
            " command again: it goes on from here.",
            "\n".join([*said, *(f"{uid} {name}" for uid, name in left.items())]),
        )


def _delete(metadata: Metadata, kind: str, uids: list[str]) -> list[str]:
    """Delete what the server lets go; what it said of the others."""
    try:
        if kind in _SINGLY:
            return [str(reason) for uid in uids for reason in metadata.delete_one(kind, uid)]
        return [str(reason) for reason in _delete_together(metadata, kind, uids)]
    except ServerFailed as error:
        return [str(error)]


def _delete_together(metadata: Metadata, kind: str, uids: list[str]) -> list[Refusal]:
    """Delete objects in one request; those that another one held back are sent again.

    A foreign key gives no report, only a message that names no object of ours: then each half is tried.
    """
    refused = metadata.delete({kind: [{"id": uid} for uid in uids]})
    held = {reason.uid for reason in refused}
    if refused and held == {""} and len(uids) > 1:
        half = len(uids) // 2
        return [reason for some in (uids[:half], uids[half:]) for reason in _delete_together(metadata, kind, some)]
    rest = [uid for uid in uids if uid not in held]
    if rest and len(rest) < len(uids):
        refused += metadata.delete({kind: [{"id": uid} for uid in rest]})
    return refused

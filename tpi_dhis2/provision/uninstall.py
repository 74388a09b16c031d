"""Take the package off a server: only without tracker data, type by type, each step checked by reading back.

One request for all does not work on any recorded server, whatever the order; type by type does. Some deletions answer
500 and have happened all the same, so what is left afterwards decides, not the answer. A run that was cut off is
finished by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.mapping import KEY, NAMESPACE
from tpi_dhis2.dhis2.metadata import DataStore, Metadata
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.errors import ServerFailed, ServerRefused, StateChanged
from tpi_dhis2.provision.backup import keep

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
#: What a site may have added to the program; it would go with it.
_LOCAL = ("programStages", "programRules", "programRuleVariables", "programIndicators")
_CHUNK = 100


@dataclass(frozen=True)
class Removal:
    """What of ours is on the server, by type in the order of removal, and what stands in the way."""

    server: str
    found: dict[str, list[Json]]
    living: bool
    deleted: bool
    local: list[str]

    @property
    def count(self) -> int:
        """How many objects would go."""
        return sum(len(items) for items in self.found.values())

    def refuse(self) -> None:
        """StateChanged when data or the site's own objects hang on the package."""
        if self.living:
            raise StateChanged(
                "There are partnership records on this server, so the package stays.",
                "Delete the records in the Capture app first, if nobody needs them any more.",
            )
        if self.deleted:
            raise StateChanged(
                "There are deleted partnership records that this server still keeps, so the package stays.",
                "Add --remove-deleted: the server then removes for good whatever was deleted, of all its programs.",
            )
        if self.local:
            raise StateChanged(
                f"The site has added {self.local[0]} to the program{_more(self.local)}; it would go with it.",
                "Move or delete what the site has added first.",
                "\n".join(self.local),
            )


def _more(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""


def plan_removal(client: Client, pinned: dict[str, list[str]], program: str) -> Removal:
    """What an uninstall would remove; ``pinned`` are the UIDs of all versions by type. Writes nothing."""
    metadata = Metadata(client)
    found = {kind: _of_ids(metadata, kind, pinned[kind], ":owner") for kind in ORDER if kind in pinned}
    found = {kind: items for kind, items in found.items() if items}
    known = {item["id"] for items in found.values() for item in items}
    present = program in known
    living, deleted = _data(client, program) if present else (False, False)
    return Removal(client.base, found, living, deleted, _local(metadata, program, known) if present else [])


def _of_ids(metadata: Metadata, kind: str, uids: list[str], fields: str) -> list[Json]:
    chunks = [uids[start : start + _CHUNK] for start in range(0, len(uids), _CHUNK)]
    asked = ({"filter": f"id:in:[{','.join(some)}]", "fields": fields} for some in chunks)
    return [item for params in asked for item in metadata.all_of(kind, params)]


def _data(client: Client, program: str) -> tuple[bool, bool]:
    """Whether there are records, and whether there are only deleted ones that the server keeps; no more is read."""
    kept = False
    for page in Tracker(client, program).changed():
        if not all(entity.get("deleted") for entity in page):
            return True, False
        kept = True
    return False, kept


def _local(metadata: Metadata, program: str, known: set[str]) -> list[str]:
    found: list[str] = []
    for kind in _LOCAL:
        items = metadata.all_of(kind, {"filter": f"program.id:eq:{program}", "fields": "id,name"})
        found += [f"{kind} '{item['name']}' ({item['id']})" for item in items if item["id"] not in known]
    return found


def remove_deleted(client: Client) -> None:
    """Let the server's maintenance remove for good what was deleted, of all programs (names of all versions)."""
    flags = ("Relationship", "Event", "Enrollment", "TrackedEntity", "TrackedEntityInstance")
    client.ask("POST", "maintenance", params={f"softDeleted{name}Removal": "true" for name in flags})


def uninstall(client: Client, removal: Removal, backups: Path, told: Told = lambda _kind, _count: None) -> Path | None:
    """Remove what a plan found, type by type; the file with what was removed.

    ServerRefused names the first type that the server holds on to; what was removed before stays removed, and the same
    call goes on from there. StateChanged when records or the site's own objects stand in the way.
    """
    removal.refuse()
    kept = keep(backups, "removed", removal.server, removal.found, "removed") if removal.count else None
    metadata = Metadata(client)
    for kind, items in removal.found.items():
        _remove(metadata, kind, [item["id"] for item in items])
        told(kind, len(items))
    DataStore(client, NAMESPACE).delete(KEY)
    return kept


def _remove(metadata: Metadata, kind: str, uids: list[str]) -> None:
    chunks = [uids[start : start + _CHUNK] for start in range(0, len(uids), _CHUNK)]
    said = [reason for some in chunks for reason in _delete(metadata, kind, some)]
    left = {item["id"]: item.get("name", item["id"]) for item in _of_ids(metadata, kind, uids, "id,name")}
    if left:
        raise ServerRefused(
            f"The server keeps {len(left)} of {len(uids)} {kind}, first '{next(iter(left.values()))}':"
            f" {said[0] if said else 'it gave no reason'}",
            "Free what it names (a role from its users, an object that the site made of ours), then run the same"
            " command again: it goes on from here.",
            "\n".join([*said, *(f"{uid} {name}" for uid, name in left.items())]),
        )


def _delete(metadata: Metadata, kind: str, uids: list[str]) -> list[str]:
    """Delete what the server lets go; what it said of the others. One that it holds on to holds back its request."""
    try:
        refused = metadata.delete({kind: [{"id": uid} for uid in uids]})
        held = {reason.uid for reason in refused}
        rest = [{"id": uid} for uid in uids if uid not in held]
        if refused and len(rest) < len(uids) and rest:
            refused += metadata.delete({kind: rest})
    except ServerFailed as error:
        return [str(error)]
    return [str(reason) for reason in refused]

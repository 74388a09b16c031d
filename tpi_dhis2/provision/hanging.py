"""What of the site hangs on the package: it would go with it, lose a part, or keep the server from letting go.

A server asks nobody. With a program it deletes (``*DeletionHandler``, 2.40 to 2.43) the stages, rules and messages in
it, event charts and line lists drawn of it, and types of relationships that name it; with an option set the options;
with an attribute its place in other programs. Of charts, maps and dashboards it takes out what they show of the
package, and a chart that shows a field of the program holds the program by a foreign key. Indicators and event filters
are left naming what is gone. Lists of partnerships that people saved hold the program by a foreign
key, when half of the package is gone already; working lists go with it. So all of it is looked for before anything is
removed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Set
from typing import Any

from tpi_dhis2.dhis2.metadata import Metadata

Json = dict[str, Any]
Objects = dict[str, list[Json]]

#: Types whose objects name their program.
_OF_PROGRAM = (
    "programStages", "programRules", "programRuleVariables", "programIndicators", "eventVisualizations",
    "trackedEntityInstanceFilters", "programStageWorkingLists",
)  # fmt: skip
#: Lists in our objects, by what they hold.
_INSIDE = {
    "notificationTemplates": "programNotificationTemplates",
    "programSections": "programSections",
    "programStageSections": "programStageSections",
    "options": "options",
}
_DATA = (
    "dataDimensionItems[programIndicator[id],indicator[id],dataElement[id],"
    "programDataElement[program[id],dataElement[id]],programDataElementOption[program[id]],"
    "programAttribute[program[id],attribute[id]],programAttributeOption[program[id]]]"
)
#: Types whose objects name ours somewhere, and where: what is no more than named is given without its own fields.
_NAMING = {
    "visualizations": _DATA,
    "maps": f"mapViews[program[id],programStage[id],{_DATA}]",
    "dashboards": "dashboardItems[visualization[id],eventVisualization[id],map[id]]",
    "indicators": "numerator,denominator",
    "eventFilters": "program",
}
_UID = re.compile(r"\b[A-Za-z][A-Za-z0-9]{10}\b")
_JOINED = "programTrackedEntityAttributes[trackedEntityAttribute[id]]"


def hanging(metadata: Metadata, program: str, ours: Objects) -> list[str]:
    """What of the site hangs on the program and on ours, a line an object."""
    known = {item["id"] for items in ours.values() for item in items}
    found = {item["id"]: _line(kind, item) for kind, item in _found(metadata, program, ours, known)}
    lines = [line for uid, line in found.items() if uid not in known]
    return [*lines, *without_stage(metadata, known)]


def _line(kind: str, item: Json) -> str:
    return f"{kind} '{item.get('name', item['id'])}' ({item['id']})"


def _found(metadata: Metadata, program: str, ours: Objects, known: Set[str]) -> Iterator[tuple[str, Json]]:
    for kind in _OF_PROGRAM:
        params = {"filter": f"program.id:eq:{program}", "fields": "id,name"}
        yield from ((kind, item) for item in metadata.all_of(kind, params))
    for prop, kind in _INSIDE.items():
        uids = {entry["id"] for items in ours.values() for item in items for entry in item.get(prop) or [] if entry}
        yield from ((kind, item) for item in metadata.named(kind, "id", uids - known, "id,name"))
    fields = "id,name,fromConstraint[program[id]],toConstraint[program[id]]"
    for item in metadata.all_of("relationshipTypes", {"fields": fields}):
        if program in (_program(item, "fromConstraint"), _program(item, "toConstraint")):
            yield "relationshipTypes", item
    for item in metadata.all_of("programs", {"fields": f"id,name,{_JOINED}"}):
        joined = item.get("programTrackedEntityAttributes") or []
        if known & {(entry.get("trackedEntityAttribute") or {}).get("id") for entry in joined}:
            yield "programs", item
    for kind, where in _NAMING.items():
        for item in metadata.all_of(kind, {"fields": f"id,name,{where}"}):
            if not known.isdisjoint(_UID.findall(json.dumps(item))):
                yield kind, item


def _program(item: Json, side: str) -> str | None:
    found: str | None = ((item.get(side) or {}).get("program") or {}).get("id")
    return found


def without_stage(metadata: Metadata, known: Set[str]) -> list[str]:
    """Charts of no stage, of any program but ours: a 2.40 fails on each when it deletes a stage (E4060)."""
    if metadata.client.version.minor != 40:
        return []
    items = metadata.all_of("eventVisualizations", {"filter": "programStage:null", "fields": "id,name"})
    lines = [_line("eventVisualizations", item) for item in items if item["id"] not in known]
    return [f"{line}, which names no stage: a DHIS2 2.40 then deletes no program" for line in lines]

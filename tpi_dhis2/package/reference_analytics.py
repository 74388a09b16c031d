"""What is made of the records, in words: indicators, charts, lists, maps, dashboards and messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from typing import Any

from tpi_dhis2.package.reference_view import Row, View, name_of
from tpi_dhis2.package.reference_words import BOUNDARIES, COUNTS, DIMENSIONS, ITEMS, TARGETS, TRIGGERS, plain_word

Json = dict[str, Any]

#: What DHIS2 calls by a variable, as people call it.
_VARIABLES = {
    "V{enrollment_count}": "[cycles]",
    "V{event_count}": "[records]",
    "V{org_unit_count}": "[units]",
    "V{enrollment_status}": "[state of the enrollment]",
    "V{enrollment_date}": "[date the cycle began]",
    "V{event_date}": "[date of the record]",
    "V{current_date}": "[today]",
    "V{program_stage_id}": "[stage]",
}
_UID = r"[A-Za-z][A-Za-z0-9]{10}"
_REFERENCE = re.compile(rf"(#|A|C|I)\{{({_UID})(?:\.({_UID}))?\}}|PS_EVENTDATE:({_UID})|'({_UID})'")
#: What a chart, a map layer or a line list draws its data from: the list, and what its entries point at.
_POINTERS = ("programIndicator", "indicator", "dataElement", "trackedEntityAttribute", "attribute")


def in_words(view: View, expression: str) -> str:
    """An expression with the names of what it refers to in place of their UIDs."""

    def said(match: re.Match[str]) -> str:
        _, first, second, stage, literal = match.groups()
        found = [_label(view, uid) for uid in (first, second, stage, literal) if uid and uid in view.known]
        return f"[{': '.join(found)}]" if found else match[0]

    found = _REFERENCE.sub(said, expression)
    return reduce(lambda text, pair: text.replace(*pair), _VARIABLES.items(), found)


def _label(view: View, uid: str) -> str:
    item = view.known[uid]
    return str(item.get("formName") or name_of(item))


def program_indicators(view: View) -> list[Row]:
    """A line a program indicator: what it counts or adds up, where, and for which time."""
    return [
        {
            "Indicator": name_of(item),
            "What it tells": item["description"],
            "How": f"{COUNTS[item['aggregationType']]} {in_words(view, item['expression'])}",
            "Only where": in_words(view, item.get("filter", "")),
            "For": "partnerships (cycles)" if item["analyticsType"] == "ENROLLMENT" else "single records",
            "Time": "; ".join(_boundary(view, each) for each in item["analyticsPeriodBoundaries"]),
            "Group": _groups(view, "programIndicatorGroups", "programIndicators", item),
            **view.ids(item),
            **view.translated(item),
        }
        for item in view.kinds.get("programIndicators", [])
    ]


def _boundary(view: View, boundary: Json) -> str:
    target = boundary["boundaryTarget"]
    stage = target.partition(":")[2]
    date = f"date of '{name_of(view.known[stage])}'" if stage else TARGETS.get(target, target)
    return f"{date} {BOUNDARIES[boundary['analyticsPeriodBoundaryType']]}"


def _groups(view: View, kind: str, members: str, item: Json) -> str:
    groups = view.kinds.get(kind, [])
    return ", ".join(name_of(group) for group in groups if {"id": item["id"]} in group[members])


def indicators(view: View) -> list[Row]:
    """A line an indicator: what is divided by what."""
    return [
        {
            "Indicator": name_of(item),
            "What it tells": item["description"],
            "Numerator": f"{item['numeratorDescription']}: {in_words(view, item['numerator'])}",
            "Denominator": f"{item['denominatorDescription']}: {in_words(view, item['denominator'])}",
            "Times": view.known[item["indicatorType"]["id"]]["factor"],
            "Group": _groups(view, "indicatorGroups", "indicators", item),
            **view.ids(item),
            **view.translated(item),
        }
        for item in view.kinds.get("indicators", [])
    ]


def legends(view: View) -> list[Row]:
    """A line a colour of a legend set, then the constants that indicators use."""
    colours: list[Row] = [
        {
            "What": f"Legend: {name_of(item)}",
            "Name": legend["name"],
            "From": str(legend["startValue"]),
            "To": str(legend["endValue"]),
            "Colour": legend["color"],
            "Note": "",
            "UID": legend["id"],
            **view.translated(legend),
        }
        for item in view.kinds.get("legendSets", [])
        for legend in item["legends"]
    ]
    return colours + [_constant(view, item) for item in view.kinds.get("constants", [])]


def _constant(view: View, item: Json) -> Row:
    return {
        "What": "Constant",
        "Name": name_of(item),
        "From": str(item["value"]),
        "To": "",
        "Colour": "",
        "Note": item.get("description", ""),
        "UID": item["id"],
        **view.translated(item),
    }


def charts(view: View) -> list[Row]:
    """A line a chart, table, map or line list: what it shows, of which time, and on which dashboards."""
    found = [(item, plain_word(item["type"]), [item]) for item in view.kinds.get("visualizations", [])]
    found += [(item, "map", item["mapViews"]) for item in view.kinds.get("maps", [])]
    found += [(item, plain_word(item["type"]), [item]) for item in view.kinds.get("eventVisualizations", [])]
    return [
        {
            "Name": name_of(item),
            "Kind": kind,
            "What it shows": item["description"],
            "Made of": ", ".join(dict.fromkeys(name for part in parts for name in _made_of(view, part))),
            "Time": ", ".join(dict.fromkeys(plain_word(p) for part in parts for p in _periods(part))),
            "Dashboards": ", ".join(_dashboards_with(view, item)),
            **view.ids(item),
            **view.translated(item),
        }
        for item, kind, parts in found
    ]


def _periods(part: Json) -> Iterator[str]:
    yield from part.get("rawPeriods", [])
    for dimension in part.get("simpleDimensions", []):
        yield from dimension.get("values", [])


def _made_of(view: View, part: Json) -> Iterator[str]:
    """The names of what a chart points at, wherever in it the pointer stands."""
    for key, value in part.items():
        if key in _POINTERS and isinstance(value, dict):
            yield _label(view, value["id"])
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict) and key != "sharing":
                yield from _made_of(view, inner)
    for dimension in (name for axis in DIMENSIONS for name in part.get(axis, []) if isinstance(name, str)):
        uid = dimension.rpartition(".")[2]
        if uid in view.known:
            yield _label(view, uid)


def _dashboards_with(view: View, item: Json) -> Iterator[str]:
    for board in view.kinds.get("dashboards", []):
        if any(item["id"] == uid for entry in board["dashboardItems"] for uid in _pointed(entry)):
            yield name_of(board)


def _pointed(entry: Json) -> list[str]:
    return [value["id"] for value in entry.values() if isinstance(value, dict) and "id" in value]


def dashboards(view: View) -> list[Row]:
    """What each dashboard is for, then a line an item of it, in reading order."""
    return [row for board in view.kinds.get("dashboards", []) for row in _dashboard(view, board)]


def _dashboard(view: View, board: Json) -> Iterator[Row]:
    name = name_of(board)
    yield {"Dashboard": name, "Order": 0, "Item": board["description"], "Kind": "dashboard", "UID": board["id"]}
    for number, entry in enumerate(sorted(board["dashboardItems"], key=lambda one: (one["y"], one["x"])), 1):
        item = entry.get("text", "").replace("**", "") or ", ".join(name_of(view.known[uid]) for uid in _pointed(entry))
        yield {"Dashboard": name, "Order": number, "Item": item, "Kind": ITEMS[entry["type"]], "UID": entry["id"]}


def working_lists(view: View) -> list[Row]:
    """A line a working list: what people who enter data find in it."""
    kinds = ("trackedEntityInstanceFilters", "programStageWorkingLists", "eventFilters")
    return [
        {
            "Working list": name_of(item),
            "What it shows": item["description"],
            "Of": name_of(view.known[_stage_of(item)]),
            **view.ids(item),
            **view.translated(item),
        }
        for kind in kinds
        for item in view.kinds.get(kind, [])
    ]


def _stage_of(item: Json) -> str:
    """The stage of a working list, else its program; event filters name them without an object around the UID."""
    owner = item.get("programStage") or item["program"]
    return str(owner["id"] if isinstance(owner, dict) else owner)


def messages(view: View) -> list[Row]:
    """A line a message that DHIS2 sends: when, to whom, and its words."""
    owners = {
        ref["id"]: owner
        for kind in ("programs", "programStages")
        for owner in view.kinds[kind]
        for ref in owner.get("notificationTemplates", [])
    }
    return [
        {
            "Message": name_of(item),
            "When": f"{_when(item)} ({name_of(owners[item['id']])})",
            "To whom": _to_whom(view, item),
            "Subject": in_words(view, item.get("subjectTemplate", "")),
            "Words": in_words(view, item["messageTemplate"]),
            **view.ids(item),
            **view.translated(item, "MESSAGE_TEMPLATE"),
        }
        for item in view.kinds.get("programNotificationTemplates", [])
    ]


def _when(item: Json) -> str:
    words, days = TRIGGERS.get(item["notificationTrigger"], plain_word(item["notificationTrigger"])), 0
    days = item.get("relativeScheduledDays") or 0
    if not item["notificationTrigger"].startswith("SCHEDULED"):
        return words
    return f"{abs(days)} days {'before' if days < 0 else 'after'} {words}" if days else f"on {words}"


def _to_whom(view: View, item: Json) -> str:
    group = item.get("recipientUserGroup")
    return f"members of {name_of(view.known[group['id']])}" if group else plain_word(item["notificationRecipient"])


def roles(view: View) -> list[Row]:
    """A line an authority of a user role."""
    return [
        {
            "Role": item["name"],
            "What it is for": item.get("description", ""),
            "Authority": authority,
            **view.ids(item),
            **view.translated(item),
        }
        for item in view.kinds.get("userRoles", [])
        for authority in item["authorities"]
    ]

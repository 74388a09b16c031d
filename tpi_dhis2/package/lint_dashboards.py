"""Checks of dashboards: each item shows something of the bundle, and stands where it can be seen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from tpi_dhis2.package.build_dashboards import GRID
from tpi_dhis2.package.lint_boards import Item, Kinds, of_any

#: The type of an item: the types of objects that it shows, and the property that names one.
_HELD = {
    "VISUALIZATION": ("visualizations", "visualization"),
    "EVENT_VISUALIZATION": ("eventVisualizations", "eventVisualization"),
    "MAP": ("maps", "map"),
}


def lint_dashboards(kinds: Kinds) -> list[str]:
    """All findings on dashboards, one plain line each, and on what stands on none of them."""
    dashboards = kinds.get("dashboards", [])
    findings = [
        f"dashboards '{item.get('name')}': {text}"
        for item in dashboards
        for text in (*of_any(item), *_of_dashboard(item, kinds))
    ]
    shown = {_shown(entry) for dashboard in dashboards for entry in dashboard.get("dashboardItems", [])}
    return findings + [
        f"{kind} '{item.get('name')}': stands on no dashboard"
        for kind, _ in _HELD.values()
        for item in kinds.get(kind, [])
        if item["id"] not in shown
    ]


def _of_dashboard(item: Item, kinds: Kinds) -> Iterator[str]:
    entries = item.get("dashboardItems", [])
    if all(entry["type"] == "TEXT" for entry in entries):
        yield "shows nothing"
    for entry in entries:
        yield from (f"item {entry['id']} {text}" for text in _of_item(entry, kinds))
    for one, other in combinations(entries, 2):
        if _overlap(one, other):
            yield f"items {one['id']} and {other['id']} lie over each other"


def _of_item(entry: Item, kinds: Kinds) -> Iterator[str]:
    if entry["type"] == "TEXT":
        if not (entry.get("text") or "").strip():
            yield "says nothing"
    elif entry["type"] not in _HELD:
        yield f"is a {entry['type']}, which is not used in this package"
    elif _shown(entry) not in {item["id"] for item in kinds.get(_HELD[entry["type"]][0], [])}:
        yield "shows nothing of the bundle"
    if (
        min(entry["x"], entry["y"]) < 0
        or min(entry["width"], entry["height"]) < 1
        or entry["x"] + entry["width"] > GRID
    ):
        yield f"lies outside the {GRID} columns"


def _shown(entry: Item) -> str | None:
    """The UID of what an item shows."""
    _, prop = _HELD.get(entry["type"], ("", ""))
    uid: str | None = (entry.get(prop) or {}).get("id")
    return uid


def _overlap(one: Item, other: Item) -> bool:
    beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
    above = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
    return not (beside or above)

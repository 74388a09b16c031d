"""Objects of the site that the package uses instead of its own: types of indicators with the same factor.

Two of one kind would stand side by side in every list of the site, so the package's own is left out and the site's
takes its place wherever the package names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
Objects = dict[str, list[Json]]

#: The type that is adopted; servers have a handful of them, so all are read.
ADOPTED = "indicatorTypes"


def find_adopted(desired: Objects, actual: Objects) -> dict[str, Json]:
    """The site's objects to use, by the UID of ours; none for one of ours that is there already."""
    there = sorted(actual.get(ADOPTED, []), key=lambda item: str(item["id"]))
    known = {item["id"] for item in there}
    found = {item["id"]: _like(item, there) for item in desired.get(ADOPTED, []) if item["id"] not in known}
    return {uid: other for uid, other in found.items() if other is not None}


def _like(item: Json, others: list[Json]) -> Json | None:
    """The first of the same meaning, one of the same name before the others."""
    alike = [other for other in others if _meaning(other) == _meaning(item)]
    return min(alike, key=lambda other: other.get("name") != item["name"], default=None)


def _meaning(item: Json) -> tuple[float, bool]:
    return float(item["factor"]), bool(item.get("number"))


def with_adopted(desired: Objects, adopted: Mapping[str, Json]) -> Objects:
    """The objects to compare: what is adopted left out, and named by the site's UID wherever ours stood."""
    uids = {ours: str(other["id"]) for ours, other in adopted.items()}
    if not uids:
        return desired
    kept = {kind: [item for item in items if item["id"] not in uids] for kind, items in desired.items()}
    return {kind: [_renamed(item, uids) for item in items] for kind, items in kept.items()}


def _renamed(value: Any, uids: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(each, uids) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, uids) for each in value]
    return uids.get(value, value) if isinstance(value, str) else value

"""Desired against actual, by meaning: what an object of the package says, and what the server has for it.

Only what the package says is compared. What the server adds (defaults, times, owners), what the site added (units,
members, translations, local fields and options) and sharing, which is the site's once the object exists, are no
changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tpi_dhis2.dhis2.versions import ServerVersion

Json = dict[str, Any]

#: Lists whose order people see. The others are sets to the server, which gives them back in any order.
_ORDERED = {
    ("optionSets", "options"),
    ("programStages", "programStageSections"),
    ("programStageSections", "dataElements"),
}
#: The order of options is that of their set; the number itself is rewritten by servers from 2.41 on.
_NOT_COMPARED = {("options", "sortOrder")}
#: The site's from the moment the object exists.
_SITE_OWNED = {"sharing", "organisationUnits", "users"}
#: Owned lists, and what tells their entries apart when the UID does not.
OWNED = {
    "programStageDataElements": "dataElement",
    "programTrackedEntityAttributes": "trackedEntityAttribute",
    "trackedEntityTypeAttributes": "trackedEntityAttribute",
}


@dataclass(frozen=True)
class Change:
    """One property that differs."""

    prop: str
    old: Any
    new: Any


def changes(kind: str, desired: Json, actual: Json, version: ServerVersion) -> list[Change]:
    """What the server's object must change to say what the package says; empty when it already does."""
    found: list[Change] = []
    for prop, new in desired.items():
        if prop in _SITE_OWNED or (kind, prop) in _NOT_COMPARED or _not_stored(kind, prop, version):
            continue
        if prop == "translations":
            lacking = missing_translations(new, actual.get(prop) or [])
            found += [Change(f"translations[{' '.join(_place(one))}]", None, one["value"]) for one in lacking]
            continue
        found += _of_property(kind, prop, new, actual.get(prop))
    return found


def _place(translation: Json) -> tuple[str, str]:
    return translation["locale"], translation["property"]


def missing_translations(new: list[Json], old: list[Json]) -> list[Json]:
    """Our translations of what the server has none for; one that is there is the site's, whatever it says."""
    there = {_place(translation) for translation in old}
    return [translation for translation in new if _place(translation) not in there]


def _not_stored(kind: str, prop: str, version: ServerVersion) -> bool:
    return (kind, prop) == ("trackedEntityTypes", "shortName") and not version.stores_type_short_name


def _of_property(kind: str, prop: str, new: Any, old: Any) -> list[Change]:
    if prop in OWNED:
        return _of_owned(prop, new, old or [])
    if isinstance(new, list):
        return [] if _holds(new, old or [], ordered=(kind, prop) in _ORDERED) else [Change(prop, _ids(old), _ids(new))]
    return [] if same(new, old) else [Change(prop, old, new)]


def _of_owned(prop: str, new: list[Json], old: list[Json]) -> list[Change]:
    found: list[Change] = []
    for entry in new:
        there = match_owned(prop, entry, old)
        place = f"{prop}[{entry[OWNED[prop]]['id']}]"
        if there is None:
            found.append(Change(place, None, "added"))
            continue
        parts = {key: value for key, value in entry.items() if key not in ("id", "program")}
        found += [
            Change(f"{place}.{key}", there.get(key), value)
            for key, value in parts.items()
            if not same(value, there.get(key))
        ]
    return found


def match_owned(prop: str, entry: Json, others: list[Json]) -> Json | None:
    """The entry of the other side that joins the same objects; None when there is none."""
    joined = OWNED[prop]
    return next((other for other in others if other.get(joined, {}).get("id") == entry[joined]["id"]), None)


def _ids(items: Any) -> list[Any]:
    return [item.get("id", item) if isinstance(item, dict) else item for item in items or []]


def _holds(new: list[Any], old: list[Any], *, ordered: bool) -> bool:
    if ordered:
        wanted = _ids(new)
        return [uid for uid in _ids(old) if uid in wanted] == wanted
    return all(any(same(one, other) for other in old) for one in new)


def same(new: Any, old: Any) -> bool:
    """Whether two values mean the same: numbers by value, references by UID, absent like its default."""
    if old is None:
        return new in (None, False, 0, "", "NONE") or new == []
    if isinstance(new, dict) and isinstance(old, dict):
        if "id" in new:
            return bool(new["id"] == old.get("id"))
        return all(same(value, old.get(key)) for key, value in new.items())
    if isinstance(new, int | float) and isinstance(old, int | float) and not isinstance(new, bool):
        return float(new) == float(old)
    return bool(new == old)


def merged(kind: str, desired: Json, actual: Json) -> Json:
    """What to send to change an object: the server's own, with what the package says laid over it.

    An import replaces an object whole, so all that the site owns goes back with it: units, members, sharing,
    translations, and entries of lists that the package does not know.
    """
    result = {key: value for key, value in actual.items() if key not in _READ_ONLY}
    for prop, new in desired.items():
        old = actual.get(prop)
        # The number of an option sent alone would collide with its neighbours', which servers count from 0 or 1.
        if (prop in _SITE_OWNED and old) or (kind, prop) in _NOT_COMPARED:
            continue
        if prop in OWNED:
            result[prop] = _merge_owned(prop, new, old or [])
        elif prop == "translations":
            result[prop] = [*(old or []), *missing_translations(new, old or [])]
        elif isinstance(new, list):
            result[prop] = [*new, *(other for other in old or [] if not any(same(one, other) for one in new))]
        else:
            result[prop] = new
    return result


_READ_ONLY = {"created", "lastUpdated", "createdBy", "lastUpdatedBy", "user", "access", "href", "favorites", "version"}


def _merge_owned(prop: str, new: list[Json], old: list[Json]) -> list[Json]:
    mine = {entry[OWNED[prop]]["id"] for entry in new}
    kept = [entry for entry in old if entry.get(OWNED[prop], {}).get("id") not in mine]
    result = []
    for entry in new:
        there = match_owned(prop, entry, old)
        # What the site set on the entry besides (how it is drawn, whether it is analysed) goes back with it.
        own = {key: value for key, value in (there or {}).items() if key not in _READ_ONLY}
        result.append({**own, **entry, "id": own.get("id", entry["id"])})
    return [*result, *kept]

"""Desired against actual, by meaning: what an object of the package says, and what the server has for it.

Only what the package says is compared. What the server adds (defaults, times, owners), what the site added (units,
members, translations, local fields and options, items of a dashboard) and sharing, which is the site's once the object
exists, are no changes. An entry of ours where the package has it no longer is one. ``kinds`` holds what is particular
to a type.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from tpi_dhis2.dhis2.versions import ServerVersion
from tpi_dhis2.provision.kinds import OWNED, is_ordered, is_returned, is_sites, is_whole
from tpi_dhis2.provision.values import holds, ids, ref_of, same_of

Json = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One property that differs."""

    prop: str
    old: Any
    new: Any


def changes(
    kind: str, desired: Json, actual: Json, version: ServerVersion, ours: Set[str] = frozenset()
) -> list[Change]:
    """What the server's object must change to say what the package says; empty when it already does.

    ``ours`` are the UIDs of entries that leave a list when the package does not name them there.
    """
    found: list[Change] = []
    for prop, new in desired.items():
        if is_sites(kind, prop) or not is_returned(kind, prop, version):
            continue
        if prop == "translations":
            found += _of_translations(prop, new, actual.get(prop))
        elif prop in OWNED:
            found += _of_owned(prop, new, actual.get(prop) or [], version, ours)
        else:
            found += _of_property(kind, prop, new, actual.get(prop), ours)
    return found


def _of_translations(place: str, new: list[Json], old: list[Json] | None) -> list[Change]:
    lacking = missing_translations(new, old or [])
    return [Change(f"{place}[{' '.join(_place(one))}]", None, one["value"]) for one in lacking]


def _place(translation: Json) -> tuple[str, str]:
    return translation["locale"], translation["property"]


def missing_translations(new: list[Json], old: list[Json]) -> list[Json]:
    """Our translations of what the server has none for; one that is there is the site's, whatever it says."""
    there = {_place(translation) for translation in old}
    return [translation for translation in new if _place(translation) not in there]


def _of_property(kind: str, prop: str, new: Any, old: Any, ours: Set[str]) -> list[Change]:
    if isinstance(new, list) and not is_whole(kind, prop):
        equal = holds(new, old or [], ordered=is_ordered(kind, prop)) and not _left(new, old or [], ours)
        return [] if equal else [Change(prop, ids(old), ids(new))]
    return [] if same_of(prop, new, old) else [Change(prop, old, new)]


def _left(new: list[Any], old: list[Any], ours: Set[str]) -> bool:
    """Whether a list still has an entry of ours that the package does not name there."""
    said = {ref_of(one) for one in new}
    return any(ref_of(other) in ours and ref_of(other) not in said for other in old)


def _of_owned(prop: str, new: list[Json], old: list[Json], version: ServerVersion, ours: Set[str]) -> list[Change]:
    found: list[Change] = []
    for entry in new:
        there = match_owned(prop, entry, old)
        place = f"{prop}[{owned_key(prop, entry)}]"
        found += [Change(place, None, "added")] if there is None else _of_entry(prop, place, entry, there, version)
    said = {owned_key(prop, entry) for entry in new}
    others = [owned_key(prop, entry) for entry in old if is_whole("", prop) or ref_of(entry) in ours]
    return found + [Change(f"{prop}[{key}]", "there", None) for key in others if key not in said]


def _of_entry(prop: str, place: str, entry: Json, there: Json, version: ServerVersion) -> list[Change]:
    found = _of_translations(f"{place}.translations", entry.get("translations", []), there.get("translations"))
    for key, value in entry.items():
        compared = key not in ("id", "program", "translations") and is_returned(prop, key, version)
        if compared and not same_of(key, value, there.get(key)):
            found.append(Change(f"{place}.{key}", there.get(key), value))
    return found


def owned_key(prop: str, entry: Json) -> str | None:
    """What tells an entry of an owned list from its neighbours."""
    return ref_of(entry, OWNED[prop])


def match_owned(prop: str, entry: Json, others: list[Json]) -> Json | None:
    """The entry of the other side that is the same one; None when there is none."""
    key = owned_key(prop, entry)
    return next((other for other in others if owned_key(prop, other) == key), None)

"""What to send to change an object of the server: its own, with what the package says laid over it."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from tpi_dhis2.provision.compare import match_owned, missing_translations, owned_key
from tpi_dhis2.provision.kinds import OWNED, is_settled, is_sites, is_whole
from tpi_dhis2.provision.values import ref_of, same

Json = dict[str, Any]

READ_ONLY = {"created", "lastUpdated", "createdBy", "lastUpdatedBy", "user", "access", "href", "version"}


def merged(kind: str, desired: Json, actual: Json, ours: Set[str] = frozenset()) -> Json:
    """The whole object to send, since an import replaces one whole.

    All that the site owns goes back with it: units, members, sharing, values it set, translations, the stars that
    people gave to a dashboard, and entries of lists that the package does not know. Entries of ``ours`` go when the
    package does not name them.
    """
    result = writable(actual)
    for prop, new in desired.items():
        old = actual.get(prop)
        # The number of an option sent alone would collide with its neighbours', which servers count from 0 or 1.
        if is_settled(kind, prop) or (is_sites(kind, prop) and old not in (None, [], {})):
            continue
        result[prop] = _merge(kind, prop, new, old, ours)
    return result


def writable(item: Json) -> Json:
    """An object of a server without what the server alone sets."""
    return {key: value for key, value in item.items() if key not in READ_ONLY}


def _merge(kind: str, prop: str, new: Any, old: Any, ours: Set[str]) -> Any:
    if prop == "translations":
        return [*(old or []), *missing_translations(new, old or [])]
    if prop in OWNED:
        return _merge_owned(prop, new, old or [], ours)
    if isinstance(new, list) and not is_whole(kind, prop):
        others = [other for other in old or [] if ref_of(other) not in ours]
        return [*new, *(other for other in others if not any(same(one, other) for one in new))]
    return new


def _merge_owned(prop: str, new: list[Json], old: list[Json], ours: Set[str]) -> list[Json]:
    mine = {owned_key(prop, entry) for entry in new}
    others = [entry for entry in old if owned_key(prop, entry) not in mine]
    kept = [] if is_whole("", prop) else [entry for entry in others if ref_of(entry) not in ours]
    return [*(_merge_entry(prop, entry, match_owned(prop, entry, old)) for entry in new), *map(writable, kept)]


def _merge_entry(prop: str, entry: Json, there: Json | None) -> Json:
    """An entry of ours with what the site set on it besides: how it is drawn, whether it is analysed."""
    if there is None:
        return entry
    own = {} if is_whole("", prop) else writable(there)
    result = {**own, **entry, "id": there.get("id", entry["id"])}
    translated = [*(there.get("translations") or []), *entry.get("translations", [])]
    return result | ({"translations": _once(translated)} if translated else {})


def _once(translations: list[Json]) -> list[Json]:
    found: list[Json] = []
    for one in translations:
        found += missing_translations([one], found)
    return found

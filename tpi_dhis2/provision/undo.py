"""Undo what a run did to an object, and no more: three states in, one out. Pure.

``before`` is what the server had, ``sent`` what the run sent, ``now`` what the server has today. A property that the
run did not change stays as it is today; one that it changed goes back. Of a list, what the run added goes, what it took
out returns, and what people have added or taken out since stays so.
"""

from __future__ import annotations

import json
from collections.abc import Set
from typing import Any

from tpi_dhis2.provision.compare import Change
from tpi_dhis2.provision.kinds import OWNED, is_ordered, is_settled, is_sites, is_whole
from tpi_dhis2.provision.merge import READ_ONLY, writable
from tpi_dhis2.provision.values import ids, ref_of, same, same_of

Json = dict[str, Any]


def undo(
    kind: str, before: Json | None, sent: Json | None, now: Json | None, kept: Set[str] = frozenset()
) -> Json | None:
    """The object without what a run did to it; None when it must not be there.

    ``kept`` are the UIDs of objects that the run made and that stay all the same, with their entries in lists.
    """
    if before is None:
        return now if sent is None or (now is not None and now["id"] in kept) else None
    if now is None:
        return writable(before)
    return now if sent is None else _undo_properties(kind, before, sent, now, kept)


def _undo_properties(kind: str, before: Json, sent: Json, now: Json, kept: Set[str]) -> Json:
    result = writable(now)
    for prop in {**before, **sent}:
        if prop in READ_ONLY or is_sites(kind, prop) or is_settled(kind, prop):
            continue
        old, new = before.get(prop), sent.get(prop)
        if _alike(kind, prop, old, new):
            continue
        value = _undo_list(kind, prop, old or [], new or [], now.get(prop) or [], kept) if _listed(old, new) else old
        result.pop(prop, None)
        if value is not None:
            result[prop] = value
    return result


def _listed(old: Any, new: Any) -> bool:
    return isinstance(old or new, list)


def _undo_list(kind: str, prop: str, old: list[Any], new: list[Any], now: list[Any], kept: Set[str]) -> list[Any]:
    if is_whole(kind, prop) or is_whole("", prop):
        return [_plain(entry) for entry in old]
    were, sent, there = (_by_key(prop, entries) for entries in (old, new, now))
    # An entry that people took out after the run had left it in stays out.
    back = [key for key in were if key not in sent or key in there]
    stay = [key for key in there if key not in were and (key not in sent or _is_kept(there[key], key, kept))]
    returned = [_undo_entry(prop, were[key], sent.get(key), there.get(key), kept) for key in back]
    return [*returned, *(_plain(there[key]) for key in stay)]


def _plain(entry: Any) -> Any:
    return writable(entry) if isinstance(entry, dict) else entry


def _is_kept(entry: Any, key: str, kept: Set[str]) -> bool:
    return key in kept or ref_of(entry) in kept


def _undo_entry(prop: str, old: Any, new: Any, now: Any, kept: Set[str]) -> Any:
    if not isinstance(old, dict) or new is None or now is None:
        return _plain(old)
    return _undo_properties(prop, old, new, now, kept)


def _by_key(prop: str, entries: list[Any]) -> dict[str, Any]:
    return {_key(prop, entry): entry for entry in entries}


def _key(prop: str, entry: Any) -> str:
    """What tells an entry from its neighbours: what it joins, its UID, its language and property, or all of it."""
    if prop == "translations":
        return f"{entry.get('locale')} {entry.get('property')}"
    return ref_of(entry, OWNED.get(prop, "id")) or json.dumps(entry, sort_keys=True)


def _alike(kind: str, prop: str, one: Any, other: Any) -> bool:
    """Whether a property means the same in two states of an object."""
    if _listed(one, other) and not is_whole(kind, prop):
        return _alike_lists(kind, prop, one or [], other or [])
    return same_of(prop, one, other) or (one is None and same(other, None))


def _alike_lists(kind: str, prop: str, one: list[Any], other: list[Any]) -> bool:
    ones, others = _by_key(prop, one), _by_key(prop, other)
    if set(ones) != set(others) or (is_ordered(kind, prop) and list(ones) != list(others)):
        return False
    return all(_alike_entries(prop, ones[key], others[key]) for key in ones)


def _alike_entries(prop: str, one: Any, other: Any) -> bool:
    if not isinstance(one, dict) or prop not in (*OWNED, "translations"):
        return same(one, other)
    return not differing(prop, one, other)


def differing(kind: str, new: Json, old: Json) -> list[Change]:
    """The properties in which two states of an object differ, what the site owns and what servers set aside."""
    found = []
    for prop in {**old, **new}:
        if prop in READ_ONLY or is_sites(kind, prop) or is_settled(kind, prop):
            continue
        one, other = new.get(prop), old.get(prop)
        if not _alike(kind, prop, one, other):
            listed = _listed(one, other)
            found.append(Change(prop, ids(other) if listed else other, ids(one) if listed else one))
    return found

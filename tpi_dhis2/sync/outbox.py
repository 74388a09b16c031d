"""What is to be sent, in requests: of at most 500 objects, a partnership never in two of them.

A partnership is taken whole from the store, a few at a time, so that memory does not grow with what waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tpi_dhis2.dhis2.tracker import DELETE, UPSERT
from tpi_dhis2.store.items import CYCLE, PARTNERSHIP, RECORD, WAITING, Item
from tpi_dhis2.store.store import Store

#: Objects in one request: what real servers take well (the DHIS2 performance tests use the same).
CHUNK = 500
#: Objects in one request that deletes: each of them takes a server long (recorded).
DELETED_AT_ONCE = 50
_AT_ONCE = 50
_RANK = {PARTNERSHIP: 0, CYCLE: 1, RECORD: 2}


@dataclass(frozen=True)
class Parcel:
    """Objects for one request, parents first, and when their partnerships last changed as far as is known here.

    ``expected`` is None for a partnership that is not on the server yet. Those in ``unseen`` may be missing from its
    lists: they are new, or have no cycle there.
    """

    items: list[Item]
    expected: dict[str, str | None]
    unseen: frozenset[str]
    strategy: str = UPSERT

    def moved(self, there: Mapping[str, str]) -> set[str]:
        """The partnerships that have changed since, by the times that the server shows now."""
        missed = {uid for uid in self.expected if uid not in there and uid not in self.unseen}
        return missed | {uid for uid, stamp in self.expected.items() if uid in there and there[uid] != stamp}


def parcels(store: Store, groups: Iterable[list[Item]], done: set[str], size: int = CHUNK) -> Iterator[Parcel]:
    """What of partnerships, each given whole, waits to be created or changed; without objects already ``done``."""
    chunk: list[Item] = []
    for group in groups:
        if _is_under_way(group):
            continue
        some = [item for item in group if item.differs and not item.removed and item.uid not in done]
        if chunk and len(chunk) + len(some) > size:
            yield _parcel(store, chunk)
            chunk = []
        chunk += sorted(some, key=lambda item: (_RANK[item.type], item.uid))
    if chunk:
        yield _parcel(store, chunk)


def removals(store: Store, type_: str, within: set[str] | None, done: set[str]) -> Iterator[Parcel]:
    """What of one type waits to be deleted, once nothing below it does: a server asks for a right of its own else."""
    chunk: list[Item] = []
    for group in _groups(store, within):
        if _is_under_way(group):
            continue
        some = [item for item in group if item.removed and item.differs and item.uid not in done]
        chunk += [item for item in some if item.type == type_ and not keeps(item, group)]
        while len(chunk) >= DELETED_AT_ONCE:
            yield _parcel(store, chunk[:DELETED_AT_ONCE], DELETE)
            chunk = chunk[DELETED_AT_ONCE:]
    if chunk:
        yield _parcel(store, chunk, DELETE)


def _is_under_way(group: Iterable[Item]) -> bool:
    """Whether the server is still at a request of an earlier run: another would be overtaken by it, or wait for it."""
    return any(item.upload is not None for item in group)


def keeps(item: Item, group: Iterable[Item]) -> bool:
    """Whether something below an object is still on the server: it would go with it, and needs a right of its own."""
    below = (each for each in group if item.uid in (each.partnership, each.cycle) and each.uid != item.uid)
    return any(each.base is not None and not each.deleted for each in below)


def _groups(store: Store, within: set[str] | None) -> Iterator[list[Item]]:
    waiting = [uid for uid in store.partnerships(WAITING) if within is None or uid in within]
    for start in range(0, len(waiting), _AT_ONCE):
        found = store.of(waiting[start : start + _AT_ONCE])
        yield from (found[uid] for uid in sorted(found))


def _parcel(store: Store, items: list[Item], strategy: str = UPSERT) -> Parcel:
    uids = {item.partnership for item in items}
    stamps, shown = store.stamps(uids), store.expected(uids)
    expected = {uid: stamps.get(uid) or ("" if uid in shown else None) for uid in uids}
    return Parcel(items, expected, frozenset(uids - shown.keys()), strategy)


def waiting(store: Store, within: Iterable[str] | None = None) -> int:
    """How many objects wait to be sent, about."""
    return store.number(WAITING, within)

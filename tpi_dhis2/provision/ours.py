"""What on a server is the package's own: the UIDs that any of its versions ever pinned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from tpi_dhis2.package.uids import Uids
from tpi_dhis2.provision.kinds import OWNED
from tpi_dhis2.provision.values import ref_of
from tpi_dhis2.resources import folder

Json = dict[str, Any]
Objects = dict[str, list[Json]]


@cache
def pinned() -> dict[str, tuple[str, ...]]:
    """The UIDs of all versions of the package by type, those of entries inside of other objects included."""
    return {kind: tuple(uids) for kind, uids in Uids.read(folder("metadata")).by_type().items()}


def retired(desired: Objects) -> dict[str, list[str]]:
    """The objects that an earlier version had and this one has not, by type; entries inside of others aside."""
    now = {item["id"] for items in desired.values() for item in items}
    inner = set(OWNED)
    gone = {kind: [uid for uid in uids if uid not in now] for kind, uids in pinned().items() if kind not in inner}
    return {kind: uids for kind, uids in gone.items() if uids}


def droppable(actual: Objects, kept: Iterable[str]) -> frozenset[str]:
    """Our entries that may leave a list when the package does not name them: all but those of objects that are kept."""
    stay = set(kept)
    entries = (entry for items in actual.values() for item in items for entry in _entries(item))
    stay |= {entry["id"] for joined, entry in entries if joined in stay and "id" in entry}
    return frozenset(uid for uids in pinned().values() for uid in uids if uid not in stay)


def _entries(item: Json) -> Iterator[tuple[str | None, Json]]:
    for prop, joined in OWNED.items():
        for entry in item.get(prop) or []:
            yield ref_of(entry, joined), entry

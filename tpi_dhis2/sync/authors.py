"""Who set the server's side of a conflict, and when: asked only where there is a conflict.

The time of a record says little, since each field that is calculated moves it, too; servers note both for each value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tpi_dhis2.dhis2.metadata import Json
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.store.items import Item
from tpi_dhis2.sync.absorb import GONE
from tpi_dhis2.sync.wire import Wire

#: Of an object as a whole.
_ALL = ""
Authors = dict[tuple[str, str], tuple[str, str]]


def is_unnamed(item: Item) -> bool:
    """Whether an object has a conflict of which it is not known who set the other side; of what is gone, nobody is."""
    return any(not clash.at and clash.server != GONE for clash in item.conflicts.values())


def name_authors(tracker: Tracker, wire: Wire, items: Iterable[Item]) -> None:
    """Note in conflicts who set the other side and when, as far as the server tells."""
    named: Authors = {}
    listed = list(items)
    for entity in tracker.authors(sorted({item.partnership for item in listed})):
        named.update(_authors(entity, wire))
    for item in listed:
        for key, clash in item.conflicts.items():
            at, by = named.get((item.uid, key)) or named.get((item.uid, _ALL)) or ("", "")
            item.conflicts[key] = replace(clash, at=clash.at or at, by=clash.by or by)


def _authors(entity: Json, wire: Wire) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    uid = entity["trackedEntity"]
    yield (uid, _ALL), _author(entity)
    yield from _of_values(entity, uid, "attributes", "attribute", wire.attribute_keys)
    for cycle in entity.get("enrollments") or []:
        yield (cycle["enrollment"], _ALL), _author(cycle)
        for record in cycle.get("events") or []:
            yield (record["event"], _ALL), _author(record)
            yield from _of_values(record, record["event"], "dataValues", "dataElement", wire.element_keys)


def _of_values(
    source: Json, uid: str, listing: str, name: str, keys: dict[str, str]
) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    whole = _author(source)
    for value in source.get(listing) or []:
        at, by = _author(value)
        # A 2.41 names nobody here (recorded): it was who last wrote the record, if that was then.
        yield (uid, keys.get(value[name], f"#{value[name]}")), (at, by or (whole[1] if at == whole[0] else ""))


def _author(source: Json) -> tuple[str, str]:
    by = (source.get("updatedBy") or {}).get("username") or source.get("storedBy") or ""
    return str(source.get("updatedAt") or ""), str(by)

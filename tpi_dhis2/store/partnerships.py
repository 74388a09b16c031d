"""The store's objects as partnerships of the domain: what reports and calculations work with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from tpi_dhis2.domain.dates import iso_date
from tpi_dhis2.domain.merge import Doc
from tpi_dhis2.domain.records import Cycle, Partnership, Record
from tpi_dhis2.store.items import CYCLE, PARTNERSHIP, RECORD, Item
from tpi_dhis2.store.store import Store

_AT_ONCE = 50


def values_of(doc: Doc) -> dict[str, str]:
    """The fields of the package in a doc, without the object's own properties and the site's fields."""
    return {key: value for key, value in doc.items() if key[0] not in "@#"}


def partnerships(store: Store) -> list[Partnership]:
    """All partnerships that are not deleted, by name."""
    return sorted(each_of(store, store.partnerships()), key=lambda partnership: partnership.name.casefold())


def each_of(store: Store, uids: Iterable[str]) -> Iterator[Partnership]:
    """Partnerships by UID, without those that are deleted; a few are held at a time."""
    wanted, units = list(uids), store.unit_names()
    for start in range(0, len(wanted), _AT_ONCE):
        found = store.of(wanted[start : start + _AT_ONCE])
        yield from assemble((item for items in found.values() for item in items), units)


def assemble(items: Iterable[Item], units: dict[str, str]) -> list[Partnership]:
    """Put partnerships together from their objects."""
    alive = [item for item in items if not item.deleted]
    records: dict[str, list[Record]] = defaultdict(list)
    cycles: dict[str, list[Cycle]] = defaultdict(list)
    for item in alive:
        if item.type == RECORD:
            records[item.cycle].append(as_record(item))
    for item in alive:
        began = iso_date(item.doc.get("@date"))
        if item.type == CYCLE and began is not None:
            status = item.doc.get("@status", "ACTIVE")
            cycles[item.partnership].append(Cycle(item.uid, began, status, tuple(records[item.uid])))
    return [_partnership(item, cycles[item.uid], units) for item in alive if item.type == PARTNERSHIP]


def as_record(item: Item) -> Record:
    """A record of the store as the domain sees it."""
    occurred = iso_date(item.doc.get("@date") or item.doc.get("@scheduled"))
    return Record(item.uid, item.kind, values_of(item.doc), occurred, item.doc.get("@status", "ACTIVE"))


def _partnership(item: Item, cycles: list[Cycle], units: dict[str, str]) -> Partnership:
    values = values_of(item.doc)
    inside = units.get(values.get("partner_unit", ""))
    if inside and not values.get("partner_name"):
        values["partner_name"] = inside
    unit = item.doc.get("@unit", "")
    return Partnership(item.uid, values, units.get(unit), unit, tuple(cycles))

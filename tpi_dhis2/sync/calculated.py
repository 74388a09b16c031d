"""Write the calculated fields of partnerships into the store, where they differ; the next send takes them along."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from tpi_dhis2.domain import calculate as domain
from tpi_dhis2.domain.records import Partnership
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.items import Item
from tpi_dhis2.store.partnerships import assemble
from tpi_dhis2.store.store import Store


def calculate(store: Store, fields: Fields, today: dt.date, partnerships: Iterable[str] | None = None) -> None:
    """Calculate these partnerships (all when None) on a day; only fields that are marked as calculated are written."""
    units = store.unit_names()
    for uid in sorted({item.partnership for item in store.items()}) if partnerships is None else partnerships:
        by_uid = {item.uid: item for item in store.items(partnership=uid)}
        touched = [
            item
            for partnership in assemble(by_uid.values(), units)
            for key, values in _calculated(partnership, today)
            if (item := _write(by_uid[key], values, fields)) is not None
        ]
        store.save(touched)


def _calculated(partnership: Partnership, today: dt.date) -> Iterator[tuple[str, domain.Calculated]]:
    yield partnership.uid, domain.of_partnership(partnership, today)
    for cycle in partnership:
        # A planned event can hold no values.
        done = [record for record in cycle.records if record.status != "SCHEDULE"]
        yield from ((record.uid, domain.of_record(record, cycle, today)) for record in done)


def _write(item: Item, calculated: domain.Calculated, fields: Fields) -> Item | None:
    infos = {**fields.attributes, **fields.elements}
    before = dict(item.doc)
    for key, value in calculated.items():
        if not infos[key].source.calculated:
            raise AssertionError(f"{key} is a person's field")
        if value is None:
            item.doc.pop(key, None)
        else:
            item.doc[key] = value
    if item.doc == before:
        return None
    item.settle()
    return item

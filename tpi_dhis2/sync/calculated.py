"""Write the calculated fields of partnerships into the store, where they differ; the next request takes them along.

They follow from what the server has or is about to have: what it refused, and what waits for a person, does not count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from tpi_dhis2.domain import calculate as domain
from tpi_dhis2.domain.records import Partnership
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.items import ERROR, RECORD, Item
from tpi_dhis2.store.partnerships import as_record, assemble
from tpi_dhis2.store.store import Store

_AT_ONCE = 50
Blind = Callable[[], frozenset[str]]


def calculate(
    store: Store,
    fields: Fields,
    today: dt.date,
    blind: Blind = frozenset,
    within: Iterable[str] | None = None,
) -> None:
    """Calculate the partnerships that are not calculated for a day; only fields marked as calculated are written.

    ``blind`` gives the kinds of record that this account may not read. With any, where a partnership stands is not
    calculated: another account, that sees all of it, does that, and the two would overwrite each other for ever.
    """
    wanted = store.not_calculated(today.isoformat())
    if within is not None:
        wanted = sorted({*wanted} & {*within})
    unseen = blind() if wanted else frozenset()
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        found = store.of(some)
        touched = [item for items in found.values() for item in _calculated(items, fields, today, unseen)]
        store.save(touched, calculated=dict.fromkeys(some, today.isoformat()))


def _calculated(items: list[Item], fields: Fields, today: dt.date, unseen: frozenset[str]) -> Iterator[Item]:
    by_uid = {item.uid: item for item in items}
    for partnership in assemble(map(_as_there, filter(_will_be_there, items)), {}):
        for uid, values in _of_all(partnership, by_uid, today, unseen):
            if _write(by_uid[uid], values, fields):
                yield by_uid[uid]


def _will_be_there(item: Item) -> bool:
    return not item.removed and (item.state != ERROR or item.base is not None)


def _as_there(item: Item) -> Item:
    """The item as the server has it or will have it."""
    return replace(item, doc=item.base if item.state == ERROR and item.base is not None else item.outgoing)


def _of_all(
    partnership: Partnership, items: dict[str, Item], today: dt.date, unseen: frozenset[str]
) -> Iterator[tuple[str, domain.Calculated]]:
    if not unseen:
        yield partnership.uid, domain.of_partnership(partnership, today)
    for cycle in partnership:
        mine = (item for item in items.values() if item.type == RECORD and item.cycle == cycle.uid)
        for item in mine:
            # A planned event can hold no values.
            if not (item.deleted or item.removed) and item.doc.get("@status") != "SCHEDULE":
                sent = replace(item, doc=item.outgoing)
                yield item.uid, domain.of_record(as_record(sent), cycle, today)


def _write(item: Item, calculated: domain.Calculated, fields: Fields) -> bool:
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
        return False
    if item.state != ERROR:
        item.settle()
    return True

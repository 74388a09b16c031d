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

_AT_ONCE = 25
Blind = Callable[[], frozenset[str]]


def calculated(
    store: Store,
    fields: Fields,
    today: dt.date,
    waiting: Iterable[str],
    due: Iterable[str],
    blind: Blind = frozenset,
) -> Iterator[list[Item]]:
    """Partnerships, whole, with what follows from them on a day written into those that are ``due``.

    They are those due and those of which something is ``waiting`` to be sent. They come a few at a time, so that the
    first can be sent while the others are calculated, and memory does not grow with them. Only fields marked as
    calculated are written. ``blind`` gives the kinds of record that this account may not read. With any, where a
    partnership stands is not calculated: another account, that sees all of it, does that, and the two would overwrite
    each other for ever.
    """
    due = {*due}
    some = sorted(due.union(waiting))
    unseen = blind() if due else frozenset()
    for start in range(0, len(some), _AT_ONCE):
        found = store.of(some[start : start + _AT_ONCE])
        mine = due.intersection(some[start : start + _AT_ONCE])
        touched = [item for uid in mine & found.keys() for item in _calculated(found[uid], fields, today, unseen)]
        if mine:
            store.save_calculated(touched, mine, today.isoformat())
        yield from (found[uid] for uid in sorted(found))


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
    doc = item.base if item.state == ERROR and item.base is not None else item.outgoing
    return item if doc is item.doc else replace(item, doc=doc)


def _of_all(
    partnership: Partnership, items: dict[str, Item], today: dt.date, unseen: frozenset[str]
) -> Iterator[tuple[str, domain.Calculated]]:
    if not unseen:
        yield partnership.uid, domain.of_partnership(partnership, today)
    for cycle in partnership:
        there = {record.uid: record for record in cycle.records}
        mine = (item for item in items.values() if item.type == RECORD and item.cycle == cycle.uid)
        for item in mine:
            # A planned event can hold no values.
            if not (item.deleted or item.removed) and item.doc.get("@status") != "SCHEDULE":
                # What was refused is sent again as it stands here, and is not there meanwhile.
                as_here = item.state == ERROR or item.uid not in there
                sent = as_record(replace(item, doc=item.outgoing)) if as_here else there[item.uid]
                yield item.uid, domain.of_record(sent, cycle, today)


def _write(item: Item, values: domain.Calculated, fields: Fields) -> bool:
    new = {key: value for key, value in values.items() if item.doc.get(key) != value}
    if not new:
        return False
    for key, value in new.items():
        if key not in fields.calculated:
            raise AssertionError(f"{key} is a person's field")
        if value is None:
            del item.doc[key]
        else:
            item.doc[key] = value
    if item.state != ERROR:
        item.settle()
    return True

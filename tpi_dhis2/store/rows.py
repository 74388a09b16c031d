"""Rows of the store: how objects become rows and rows objects, and how many of them are written at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from tpi_dhis2.store import tables
from tpi_dhis2.store.items import Clash, Item
from tpi_dhis2.store.words import as_json

#: Rows in one statement: no database takes fewer parameters, and each size of a list is prepared once.
ROWS = 500
_ITEM = tables.item.c
_T = TypeVar("_T")


def as_item(row: Iterable[Any]) -> Item:
    """The item of a row, whose columns stand in the order of its fields."""
    item = Item(*row)
    if item.conflicts:
        item.conflicts = {key: Clash(**sides) for key, sides in cast("dict[str, Any]", item.conflicts).items()}
    return item


def _row(item: Item) -> dict[str, Any]:
    """The columns of an item; ``asdict`` would copy each value of its docs, which took most of a push's time."""
    return {**vars(item), "conflicts": _clashes(item)} if item.conflicts else vars(item)


def _clashes(item: Item) -> dict[str, Any]:
    return {key: vars(clash) for key, clash in item.conflicts.items()}


def put(connection: Connection, items: list[Item]) -> None:
    """Write objects, whole."""
    replace_rows(connection, tables.item, "uid", [_row(item) for item in items])


#: What a request can change of an object: not what it should be.
_OUTCOME = ("base", "state", "problem", "conflicts", "deleted", "removed", "report", "upload")
#: What calculating changes.
CALCULATED = ("doc", "state", "problem", "upload")


def change(connection: Connection, items: Iterable[Item], columns: tuple[str, ...]) -> None:
    """Write some columns of objects that are in the store; half the time of writing them whole."""
    rows = [{"key": row["uid"], **{name: row[name] for name in columns}} for row in map(_row, items)]
    if rows:
        values: dict[str, Any] = {name: bindparam(name) for name in columns}
        connection.execute(update(tables.item).where(_ITEM.uid == bindparam("key")).values(values), rows)


def note_outcomes(connection: Connection, items: Iterable[Item]) -> None:
    """Write what requests came to: where many came to the same and the server now has what is here, all at once."""
    alike: dict[str, list[Item]] = {}
    others: list[Item] = []
    for item in items:
        if item.conflicts or item.base != item.doc:
            others.append(item)
        else:
            same = [item.state, item.problem, item.deleted, item.removed, item.report, item.upload]
            alike.setdefault(as_json(same), []).append(item)
    for group in alike.values():
        row = _row(group[0])
        values = {name: row[name] for name in _OUTCOME} | {"base": _ITEM.doc}
        for some in batches(item.uid for item in group):
            connection.execute(update(tables.item).where(_ITEM.uid.in_(some)).values(values))
    change(connection, others, _OUTCOME)


def note_mirror(connection: Connection, stamps: Mapping[str, str], calculated: Mapping[str, str]) -> None:
    """Write what is new of partnerships; what is not said of one stays."""
    mirror = tables.mirror
    for some in batches({*stamps, *calculated}):
        found = {row.uid: row for row in connection.execute(select(mirror).where(mirror.c.uid.in_(some)))}
        rows = [
            {
                "uid": uid,
                "stamp": stamps.get(uid, found[uid].stamp if uid in found else ""),
                "calculated": calculated.get(uid, found[uid].calculated if uid in found else ""),
            }
            for uid in some
        ]
        replace_rows(connection, mirror, "uid", rows)


def replace_rows(connection: Connection, table: Table, key: str, rows: list[dict[str, Any]]) -> None:
    """Write rows in the place of those with the same key."""
    for some in batches(rows):
        connection.execute(delete(table).where(table.c[key].in_([row[key] for row in some])))
        connection.execute(insert(table), some)


def batches(values: Iterable[_T]) -> Iterator[list[_T]]:
    """So many values at a time as one statement takes."""
    listed = list(values)
    for start in range(0, len(listed), ROWS):
        yield listed[start : start + ROWS]

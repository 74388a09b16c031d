"""Stores to be looked at as an analyst does: objects as the server has them, without a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from tests.unit.builders import UNIT, demo_drafts, item_of
from tpi_dhis2.demo.units import units
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.store.items import CYCLE, PARTNERSHIP, RECORD, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.store.views import refresh_views
from tpi_dhis2.sync.columns import description

PAIR, ROUND = "aPair000001", "aCycle00001"


def there(item: Item) -> Item:
    """The object, as the server has it."""
    item.base = dict(item.doc)
    item.settle()
    return item


def pair(uid: str = PAIR, **values: str) -> Item:
    return there(Item(uid, PARTNERSHIP, "", uid, "", {"@unit": UNIT, "name": "Two houses", **values}))


def cycle(uid: str = ROUND, began: str = "2020-01-15", partnership: str = PAIR) -> Item:
    doc = {"@unit": UNIT, "@date": began, "@status": "ACTIVE"}
    return there(Item(uid, CYCLE, "", partnership, "", doc))


def record(kind: str, number: int = 1, at: str = ROUND, **doc: str) -> Item:
    """A record; ``day`` and ``status`` are the properties, the others are fields."""
    props = {"@date": doc.pop("day", "2020-03-01"), "@status": doc.pop("status", "ACTIVE"), "@unit": UNIT}
    return there(Item(f"aRecord{number:04d}", RECORD, kind, PAIR, at, {**props, **doc}))


def demo_items() -> list[Item]:
    """The demo's objects, as a server has them."""
    return [there(item_of(draft)) for drafts in demo_drafts() for draft in drafts.drafts]


@contextmanager
def stored(url: str, items: Iterable[Item]) -> Iterator[Store]:
    """A store with these objects and the demo's units, and no views."""
    with Store.open(url) as store:
        store.save(items)
        store.save_units([*units(), {"id": UNIT, "code": "HOSPITAL", "name": "The hospital", "path": f"/top/{UNIT}"}])
        yield store


@contextmanager
def analyst_store(url: str, items: Iterable[Item], *, whole: bool = False) -> Iterator[Store]:
    """A store with the views of what is in it (``whole``: with all views, which takes a while to make)."""
    kept = list(items)
    kinds = {(item.type, item.kind) for item in kept}
    shown = description(package_fields())
    some = tuple(view for view in shown.views if whole or (view.type, view.kind) in kinds)
    with stored(url, kept) as store:
        refresh_views(store, replace(shown, views=some))
        yield store


def ask(store: Store, sql: str) -> list[dict[str, Any]]:
    """What an SQL tool shows."""
    with store.engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(sql)).mappings()]


def rows_of(store: Store, view: str) -> list[dict[str, Any]]:
    """The rows of a view."""
    return ask(store, f"SELECT * FROM {view}")  # noqa: S608 - our own name


def only(store: Store, view: str) -> dict[str, Any]:
    """The one row of a view."""
    (row,) = rows_of(store, view)
    return row


def do(store: Store, sql: str) -> None:
    """What the site does in the database."""
    with store.engine.begin() as connection:
        connection.execute(text(sql))

"""The rows of the tables for analysts: the same on every database, whether it has the views or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from tpi_dhis2.store.shown import BOOLEAN, DATE, INTEGER, NUMBER, Description, View
from tpi_dhis2.store.store import Store
from tpi_dhis2.store.view_select import query

_AT_ONCE = 500

#: A value of a row: None is not recorded.
Value = str | int | float | bool | dt.date | None
Row = tuple[Value, ...]


def _day(value: Any) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


_PLAIN: dict[str, Callable[[Any], Value]] = {NUMBER: float, INTEGER: int, BOOLEAN: bool, DATE: _day}


class ViewRows:
    """All tables as they stood at one moment, whatever a pull writes meanwhile."""

    def __init__(self, connection: Connection, description: Description) -> None:
        self._connection = connection
        self._description = description

    @classmethod
    @contextmanager
    def open(cls, store: Store, description: Description) -> Iterator[ViewRows]:
        """Look at a store."""
        with store.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                # All rows are wanted, not the first ones soon: a plan for those takes four times as long.
                connection.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 1")
            yield cls(connection, description)

    def of(self, view: View) -> Iterator[Row]:
        """The rows of a table by UID; a few are held at a time."""
        chosen = query(view, self._description, self._connection.dialect.name)
        kinds = [_PLAIN.get(column.type, str) for column in view.columns]
        rows = self._connection.execution_options(yield_per=_AT_ONCE).execute(chosen.order_by("uid"))
        for row in rows:
            yield tuple(None if value is None else kind(value) for kind, value in zip(kinds, row, strict=True))

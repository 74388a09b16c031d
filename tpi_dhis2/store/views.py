"""The tables for analysts: a view a kind of record in the store's database, and a dictionary of their columns.

They are made anew only when what they are made of has changed. What the site has built on them stays: a view of ours
that a view of theirs holds, and that cannot be changed in place, is left as it is and named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlalchemy import Column as SqlColumn
from sqlalchemy import Connection, Integer, MetaData, Table, Text, delete, insert, inspect, literal, select, text
from sqlalchemy.exc import SQLAlchemyError

from tpi_dhis2.errors import StoreProblem
from tpi_dhis2.store import tables
from tpi_dhis2.store.shown import (
    FIELD_COLUMNS,
    OPTION_COLUMNS,
    Cells,
    Column,
    Description,
    View,
    field_rows,
    option_rows,
)
from tpi_dhis2.store.store import Store
from tpi_dhis2.store.view_select import query

_DIGEST = "views"
_metadata = MetaData()


def _table(name: str, columns: Iterable[Column]) -> Table:
    kinds = {column.name: Integer() if column.type == "integer" else Text() for column in columns}
    return Table(name, _metadata, *(SqlColumn(each, kind, nullable=False) for each, kind in kinds.items()))


#: Made and filled here, not by a migration: all that is in them follows from the description.
_DICTIONARY = {
    _table("tpi_field", FIELD_COLUMNS): field_rows,
    _table("tpi_option", OPTION_COLUMNS): option_rows,
}

#: The views of others that are made of one of ours (PostgreSQL).
_HOLDERS = text(
    "SELECT DISTINCT n.nspname || '.' || c.relname FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid"
    " JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass(:name) AND c.oid <> d.refobjid ORDER BY 1"
)


def refresh_views(store: Store, description: Description) -> bool:
    """Make the views as described, in one transaction, if they are not so yet; whether anything was done.

    StoreProblem, in one plain line, when this database cannot have them, or when views of the site hold some of ours:
    those are as they were then, the others are new, and nothing of the site's is touched.
    """
    try:
        with store.engine.begin() as connection:
            wanted = hashlib.sha256(repr(description).encode()).hexdigest()
            if _standing(connection, description) == wanted:
                return False
            _note(connection, wanted)
            held = _make(connection, description)
            if held:
                _note(connection, "")
    except SQLAlchemyError as error:
        raise StoreProblem(
            f"This database cannot have the tables for analysts: {str(error).splitlines()[0]}",
            "All else works without them, 'tpi-dhis2 sync export' too.",
            str(error),
        ) from error
    if held:
        names = "; ".join(f"{theirs} holds {ours}" for ours, theirs in held.items())
        raise StoreProblem(
            f"Tables for analysts stay as they were, since others are made of them: {names}.",
            "Drop those, pull again, and make them anew.",
        )
    return True


def _standing(connection: Connection, description: Description) -> str | None:
    """What the views that are there were made of; None when one is missing."""
    there = inspect(connection).get_view_names()
    if not {view.name for view in description.views} <= set(there):
        return None
    setting = tables.setting.c
    return connection.execute(select(setting.value).where(setting.name == _DIGEST)).scalar()


def _note(connection: Connection, digest: str) -> None:
    connection.execute(delete(tables.setting).where(tables.setting.c.name == _DIGEST))
    connection.execute(insert(tables.setting), {"name": _DIGEST, "value": digest})


def _make(connection: Connection, description: Description) -> dict[str, str]:
    """Make all; those of ours that something of the site's holds, with its names."""
    for table, rows in _DICTIONARY.items():
        table.create(connection, checkfirst=True)
        connection.execute(delete(table))
        _fill(connection, table, rows(description))
    held = {}
    for view in description.views:
        if holders := _replace(connection, view, description):
            held[view.name] = ", ".join(holders)
        elif connection.dialect.name == "postgresql":
            _comment(connection, view)
    return held


def _fill(connection: Connection, table: Table, rows: list[Cells]) -> None:
    names = table.columns.keys()
    connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def _replace(connection: Connection, view: View, description: Description) -> list[str]:
    """Make a view anew; the views of the site that keep it from being."""
    if connection.dialect.name == "postgresql":
        try:
            with connection.begin_nested():
                _create(connection, view, description, "CREATE OR REPLACE VIEW")
        except SQLAlchemyError:
            # Columns went or changed their type: it can only be dropped, and not under what is made of it.
            if holders := [str(row[0]) for row in connection.execute(_HOLDERS, {"name": view.name})]:
                return holders
        else:
            return []
    connection.exec_driver_sql(f"DROP VIEW IF EXISTS {view.name}")
    _create(connection, view, description, "CREATE VIEW")
    return []


def _create(connection: Connection, view: View, description: Description, words: str) -> None:
    there: list[str] = []
    if words != "CREATE VIEW" and view.name in inspect(connection).get_view_names():
        there = [column["name"] for column in inspect(connection).get_columns(view.name)]
    connection.exec_driver_sql(f"{words} {view.name} AS {_sql(connection, view, description, there)}")


def _sql(connection: Connection, view: View, description: Description, first: Iterable[str] = ()) -> str:
    """The query as text; columns that are there come ``first``, since in place a view can only grow at its end."""
    chosen = query(view, description, connection.dialect.name, first)
    return str(chosen.compile(connection, compile_kwargs={"literal_binds": True}))


def _comment(connection: Connection, view: View) -> None:
    """Let tools that show comments show what a table and its columns mean (PostgreSQL)."""
    _say(connection, f"VIEW {view.name}", view.about)
    for column in view.columns:
        words = f"{column.label}. {column.about}" if column.about else column.label
        _say(connection, f"COLUMN {view.name}.{column.name}", words)


def _say(connection: Connection, of: str, words: str) -> None:
    quoted = literal(words).compile(connection, compile_kwargs={"literal_binds": True})
    connection.exec_driver_sql(f"COMMENT ON {of} IS {quoted}")

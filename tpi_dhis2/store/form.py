"""The form of a store's tables: today's, that of another release, or none yet.

Each form has the number of the migration that leads to it. The number stands in a table of its own, so that it is read
with plain SQL; Alembic is loaded only where there is something to migrate.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

from tpi_dhis2.errors import StoreProblem
from tpi_dhis2.store import tables

FORMS = ("0001", "0002")
OLDEST, NEWEST = FORMS[0], FORMS[-1]
#: Where Alembic keeps the number; under a name of our own, since other tools may share its usual one.
VERSION = Table("store_version", MetaData(), Column("version_num", String(32), primary_key=True))
#: Release 0.2.0 wrote no number; its stores are known by these columns.
_OF_0_2_0 = {"uid", "type", "kind", "partnership", "cycle", "doc", "base", "state", "problem", "conflicts"}
_OF_0_2_0 |= {"deleted", "said"}


def of(connection: Connection) -> str | None:
    """The form of a store, None where there are no tables; StoreProblem when a newer or no release of ours wrote it."""
    names = set(inspect(connection).get_table_names())
    if not names:
        return None
    if VERSION.name in names:
        return _known(str(connection.scalar(select(VERSION.c.version_num))))
    if {"item", "unit", "setting"} <= names and _columns(connection, "item") == _OF_0_2_0:
        return OLDEST
    raise StoreProblem(
        "The store cannot be used: it is a database of something else.",
        "Name another one with --store or TPI_DHIS2_STORE; a store has a file or database of its own.",
        f"It has the tables {', '.join(sorted(names))}",
    )


def _known(form: str) -> str:
    if form in FORMS:
        return form
    raise StoreProblem(
        f"The store has tables of form {form}; this release knows forms up to {NEWEST}.",
        "Use the release that wrote it, or name another store and pull again.",
    )


def _columns(connection: Connection, table: str) -> set[str]:
    return {str(column["name"]) for column in inspect(connection).get_columns(table)}


def create(connection: Connection) -> None:
    """Make the tables in today's form. A test holds them to what the migrations give, which would take longer."""
    tables.metadata.create_all(connection)
    VERSION.create(connection)
    connection.execute(insert(VERSION), {"version_num": NEWEST})
    # Release 0.2.0 looks here, and then says that it does not know the form.
    connection.execute(insert(tables.setting), {"name": "schema", "value": NEWEST})

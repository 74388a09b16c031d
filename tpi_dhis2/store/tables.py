"""The tables of the store, for SQLite and any other database that SQLAlchemy speaks to."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, MetaData, String, Table, Text

SCHEMA_VERSION = "1"

metadata = MetaData()

#: One row a tracked object; see ``items.Item`` for what the columns mean.
item = Table(
    "item",
    metadata,
    Column("uid", String(11), primary_key=True),
    Column("type", String(20), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("partnership", String(11), nullable=False, index=True),
    Column("cycle", String(11), nullable=False),
    Column("doc", JSON, nullable=False),
    Column("base", JSON(none_as_null=True)),
    Column("state", String(20), nullable=False, index=True),
    Column("problem", Text, nullable=False),
    Column("conflicts", JSON, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("said", JSON, nullable=False),
)

#: Names of the organisation units that the tracked objects stand in.
unit = Table(
    "unit",
    metadata,
    Column("uid", String(11), primary_key=True),
    Column("code", String(50)),
    Column("name", String(230), nullable=False),
)

#: Which server this store mirrors, up to when it has pulled, and which form its tables have.
setting = Table(
    "setting",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("value", Text, nullable=False),
)

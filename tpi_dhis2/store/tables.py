"""The tables of the store, for SQLite and any other database that SQLAlchemy speaks to.

A change here needs a migration (``store/migrations``); a test holds both to the same tables.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Integer, MetaData, String, Table, Text

from tpi_dhis2.store.words import LongWords, Words

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
    Column("problem", LongWords(), nullable=False),
    Column("conflicts", JSON, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("said", JSON, nullable=False),
    Column("changed_at", String(30), nullable=False),
    Column("changed_by", Words(200), nullable=False),
    Column("report", JSON(none_as_null=True)),
    Column("upload", Integer, index=True),
)

#: One row a partnership: when the server last changed it, as of the last look (``sync/stamps.py`` says how that is
#: noted), and the day for which its fields are calculated (empty: something has changed since).
mirror = Table(
    "mirror",
    metadata,
    Column("uid", String(11), primary_key=True),
    Column("stamp", String(30), nullable=False, index=True),
    Column("calculated", String(10), nullable=False, index=True),
)

#: Up to when the server's changes are known here, by its own clock: in a unit and those below it, or ("") in all.
cursor = Table(
    "cursor",
    metadata,
    Column("scope", String(11), primary_key=True),
    Column("time", String(30), nullable=False),
)

#: Requests that were begun and whose end is not known yet; ``job`` is the server's job, where it is one.
upload = Table(
    "upload",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("begun", String(30), nullable=False),
    Column("job", String(11), nullable=False),
)

#: The organisation units that the tracked objects stand in, with their place in the hierarchy (UIDs from the top).
unit = Table(
    "unit",
    metadata,
    Column("uid", String(11), primary_key=True),
    Column("code", Words(50)),
    Column("name", Words(230), nullable=False),
    Column("path", Text, nullable=False),
)

#: Which server this store mirrors, and the like.
setting = Table(
    "setting",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("value", LongWords(), nullable=False),
)

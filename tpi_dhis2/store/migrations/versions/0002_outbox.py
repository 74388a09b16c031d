"""The states of a record in the outbox, and what a careful sync remembers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

#: What every row has from now on, and what the rows of before get.
_NEW: dict[str, dict[str, tuple[sa.types.TypeEngine[Any], Any]]] = {
    "item": {
        "removed": (sa.Boolean(), sa.false()),
        "changed_at": (sa.String(30), ""),
        "changed_by": (sa.String(200), ""),
    },
    "unit": {"path": (sa.Text(), "")},
}


def upgrade() -> None:
    """Change the tables, then what stands in them."""
    _make_tables()
    for table, columns in _NEW.items():
        _add(table, columns)
    _states()
    _conflicts()
    _mirror()
    _cursor()


def _make_tables() -> None:
    op.create_table(
        "mirror",
        sa.Column("uid", sa.String(11), primary_key=True),
        sa.Column("stamp", sa.String(30), nullable=False, index=True),
        sa.Column("calculated", sa.String(10), nullable=False, index=True),
    )
    op.create_table(
        "cursor",
        sa.Column("scope", sa.String(11), primary_key=True),
        sa.Column("time", sa.String(30), nullable=False),
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("begun", sa.String(30), nullable=False),
        sa.Column("job", sa.String(11), nullable=False),
    )
    op.add_column("item", sa.Column("report", sa.JSON))
    op.add_column("item", sa.Column("upload", sa.Integer))
    op.create_index("ix_item_upload", "item", ["upload"])


def _add(table: str, columns: dict[str, tuple[sa.types.TypeEngine[Any], Any]]) -> None:
    """Add columns that every row must have: first empty ones, then their values, then the rule."""
    for name, (kind, _) in columns.items():
        op.add_column(table, sa.Column(name, kind))
    new = sa.table(table, *(sa.column(name, kind) for name, (kind, _) in columns.items()))
    op.execute(new.update().values({name: value for name, (_, value) in columns.items()}))
    with op.batch_alter_table(table) as changed:
        for name, (kind, _) in columns.items():
            changed.alter_column(name, existing_type=kind, nullable=False)


def _states() -> None:
    item = sa.table("item", sa.column("state", sa.String), sa.column("base", sa.JSON))
    waiting = item.update().where(item.c.state == "to send")
    op.execute(waiting.where(item.c.base.is_(sa.null())).values(state="to post"))
    op.execute(waiting.values(state="to update"))


def _conflicts() -> None:
    """Give both sides of a field in conflict a name; when and by whom the server's was set was not kept."""
    item = sa.table("item", sa.column("uid", sa.String), sa.column("conflicts", sa.JSON))
    connection = op.get_bind()
    for uid, conflicts in connection.execute(sa.select(item.c.uid, item.c.conflicts)).all():
        if conflicts:
            named = {
                key: {"here": here, "server": server, "at": "", "by": ""} for key, (here, server) in conflicts.items()
            }
            connection.execute(item.update().where(item.c.uid == uid).values(conflicts=named))


def _mirror() -> None:
    """Note each partnership as one whose last change on the server is not known, so that it is looked at again."""
    item = sa.table("item", sa.column("partnership", sa.String))
    mirror = sa.table("mirror", *(sa.column(name, sa.String) for name in ("uid", "stamp", "calculated")))
    known = sa.select(item.c.partnership, sa.literal(""), sa.literal("")).distinct()
    op.execute(mirror.insert().from_select(["uid", "stamp", "calculated"], known))


def _cursor() -> None:
    """Move up to when was pulled, and leave word for release 0.2.0 that the store is none of its own any more."""
    setting = sa.table("setting", sa.column("name", sa.String), sa.column("value", sa.Text))
    cursor = sa.table("cursor", sa.column("scope", sa.String), sa.column("time", sa.String))
    pulled = sa.select(sa.literal(""), setting.c.value).where(setting.c.name == "pulled")
    op.execute(cursor.insert().from_select(["scope", "time"], pulled))
    op.execute(setting.delete().where(setting.c.name.in_(["pulled", "schema"])))
    op.execute(setting.insert().values(name="schema", value="0002"))

"""The tables of release 0.2.0."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them; stores of that release are taken as having passed here."""
    op.create_table(
        "item",
        sa.Column("uid", sa.String(11), primary_key=True),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("partnership", sa.String(11), nullable=False, index=True),
        sa.Column("cycle", sa.String(11), nullable=False),
        sa.Column("doc", sa.JSON, nullable=False),
        sa.Column("base", sa.JSON),
        sa.Column("state", sa.String(20), nullable=False, index=True),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("conflicts", sa.JSON, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("said", sa.JSON, nullable=False),
    )
    op.create_table(
        "unit",
        sa.Column("uid", sa.String(11), primary_key=True),
        sa.Column("code", sa.String(50)),
        sa.Column("name", sa.String(230), nullable=False),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.String(50), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )

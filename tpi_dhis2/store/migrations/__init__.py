"""Migrations: how the tables of a store of an older release come to today's form, with Alembic."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from tpi_dhis2.store.form import OLDEST, VERSION

FOLDER = Path(__file__).parent


def upgrade(connection: Connection) -> None:
    """Bring a store that has tables to today's form, in the transaction of the connection: all of it or nothing."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    if not connection.dialect.has_table(connection, VERSION.name):
        command.stamp(config, OLDEST)  # release 0.2.0 left no number
    command.upgrade(config, "head")
